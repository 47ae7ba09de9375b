import { dirname, extname, join, resolve } from 'node:path'
import { merged, type Findings, type Script } from '../core/findings.ts'
import { inCommand, inScript, unread, type OwnRule } from '../core/sensitive.ts'
import { beginningOf } from '../util/open-regular.ts'

/** How far scripts that run scripts are followed, how many of one level, and how much of each is read, bytes. */
const depth = 3
const mostScripts = 20
const mostRead = 256 * 1024
/** What the system starts by itself: ELF, Mach-O of one or of several kinds. */
const programs = /^(?:\x7fELF|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba\xbe)/

/** What a command line is, with the scripts that it runs, as they stand there now. What cannot be looked at counts as something that cannot be read. */
export async function inShell(command: string, cwd: string, rules: readonly OwnRule[]): Promise<Findings> {
  const all = [inCommand(command, rules)]
  const seen = new Set<string>()
  let scripts = all[0]!.scripts
  for (let level = 0; scripts.length > 0; level += 1) {
    if (level === depth || scripts.length > mostScripts) all.push(unread(command, rules))
    if (level === depth) break
    const found: Findings[] = []
    for (const script of scripts.slice(0, mostScripts)) {
      const key = JSON.stringify(script)
      if (seen.has(key)) continue
      seen.add(key)
      const texts = await textsOf(script, cwd)
      if (texts === null) found.push(unread(command, rules))
      else for (const text of texts) found.push(inScript(script, text, rules))
    }
    all.push(...found)
    scripts = found.flatMap((each) => each.scripts)
  }
  return merged(all)
}

/** Of the files that it may be; null where none can be looked at, and it may be run all the same. */
async function textsOf(script: Script, cwd: string): Promise<string[] | null> {
  const texts: string[] = []
  let unseen = true
  for (const folder of script.folders ?? ['']) {
    if (folder === null) continue
    for (const path of placesOf(script, resolve(cwd, folder))) {
      const looked = await look(path, script)
      if (looked === null) continue
      if (looked.whole) unseen = false
      if (looked.text !== null) texts.push(looked.text)
      break
    }
  }
  // npm and make run nothing where they find no file of theirs.
  return unseen && script.kind === 'script' && script.maybe !== true ? null : texts
}

/** npm looks in the folders above too. */
function placesOf({ path, kind }: Script, folder: string): string[] {
  const first = resolve(folder, path)
  if (kind !== 'npm') return [first]
  const places = [first]
  for (let at = dirname(first); dirname(at) !== at; at = dirname(at)) places.push(join(dirname(at), 'package.json'))
  return places
}

/** `whole`: there is nothing more to see. null: there is no such file, or it is none that is read. */
async function look(path: string, { code }: Script): Promise<{ text: string | null; whole: boolean } | null> {
  if (path === '/dev/null') return { text: null, whole: true }
  const found = await beginningOf(path, mostRead).catch(() => null) // a name that no file can have
  if (found === null) return null
  if (programs.test(found.content.toString('latin1', 0, 4))) return { text: null, whole: true }
  // A zero byte does not make a program of it: shells pass over it.
  const text = found.content.toString('utf8').replaceAll('\0', '')
  // A bundle of another language is long; of it only what it mentions would count.
  const other = code === true || /^#!(?!.*sh\b)/.test(text) || /^\.(?:[cm]?[jt]sx?|py|rb|pl|php|lua)$/.test(extname(path))
  return { text, whole: other || found.bytes <= found.content.length }
}
