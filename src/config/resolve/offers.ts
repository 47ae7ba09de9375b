import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, join, relative, sep } from 'node:path'
import { frontMatter } from '../../util/front-matter.ts'
import type { Place } from '../place.ts'
import { readText } from '../text.ts'
import { checkFile } from './files.ts'
import { printable } from './names.ts'

/** What stands in the folder of a skill, and makes it one. */
const skillFile = 'SKILL.md'
/** More files than this are no skill but a folder that was named by mistake. */
const mostEntries = 5000
/** Names become names of files, and what a model calls them by. */
const nameForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/**
 * Folders of single skills, absolute, each with its SKILL.md: a path names one, or a folder that holds some. No link in
 * them leads out of the root, since what an agent reads there it obeys.
 */
export function skillFolders(root: string, written: readonly string[], place: Place): string[] {
  const found: [folder: string, here: Place][] = written.flatMap((path, index) => {
    const here = place.at(index)
    const folder = checkFile(root, path, 'the skill', here, 'folder')
    if (path.includes('\0') || !isFolder(folder)) return [] // told by checkFile
    const skills = existsSync(join(folder, skillFile)) ? [folder] : childrenOf(folder).filter((child) => existsSync(join(child, skillFile)))
    if (skills.length === 0) here.error(`the folder \`${printable(path)}\` holds no ${skillFile}`, `a skill is a folder with a ${skillFile}; name it, or a folder of such folders`)
    return skills.map((each): [string, Place] => [each, here])
  })
  unique(found.map(([folder, here]) => [basename(folder), here]), 'skill')
  for (const [folder, here] of found) checkLinks(root, folder, here)
  return found.map(([folder]) => folder)
}

/** Markdown files whose head names and describes a subagent, absolute. */
export function subagentFiles(root: string, written: readonly string[], place: Place): string[] {
  const named: [string, Place][] = []
  const files = written.map((path, index) => {
    const here = place.at(index)
    const file = checkFile(root, path, 'the subagent', here)
    const read = readText(file)
    if ('problem' in read) return file // told by checkFile
    const head = frontMatter(read.text)
    const missing = ['name', 'description'].filter((key) => typeof head?.[key] !== 'string' || String(head[key]).trim() === '')
    if (missing.length > 0) here.error(`the subagent \`${printable(path)}\` has no ${missing.map((key) => `\`${key}\``).join(' and no ')} in its head`, 'begin the file with --- and a line `name: …` and a line `description: …`, then ---')
    else named.push([String(head?.['name']), here])
    return file
  })
  unique(named, 'subagent')
  return files
}

function unique(names: readonly (readonly [string, Place])[], what: string): void {
  const seen = new Set<string>()
  for (const [name, here] of names) {
    if (!nameForm.test(name)) here.error(`\`${printable(name)}\` cannot be the name of a ${what}`, 'use letters, digits, `.`, `_` and `-`, at most 64')
    else if (seen.has(name)) here.error(`there are two ${what}s named \`${name}\``, 'give one of them another name')
    seen.add(name)
  }
}

function checkLinks(root: string, folder: string, place: Place): void {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).slice(0, mostEntries + 1)
  if (entries.length > mostEntries) return place.error(`the skill \`${basename(folder)}\` holds more than ${mostEntries} files`, 'name the folder of the skill itself')
  const homes = [realpathSync(root), realpathSync(folder)]
  for (const entry of entries) {
    if (!entry.isSymbolicLink()) continue
    const path = join(entry.parentPath, entry.name)
    const target = existsSync(path) ? realpathSync(path) : null
    if (target === null || homes.some((home) => target === home || target.startsWith(home + sep))) continue
    place.error(`\`${printable(relative(folder, path))}\` in the skill \`${basename(folder)}\` is a link that leads out of the team root`, 'copy what it points to')
  }
}

function childrenOf(folder: string): string[] {
  return readdirSync(folder)
    .toSorted()
    .map((name) => join(folder, name))
    .filter(isFolder)
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
