import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { TroupeError } from '../../core/error.ts'
import type { Agent } from '../../core/team.ts'
import { writeAtomic } from '../../util/atomic-write.ts'
import { frontMatter } from '../../util/front-matter.ts'
import { contentOf } from '../../util/open-regular.ts'
import { teamServer } from './settings.ts'

type Offers = Pick<Agent, 'skills' | 'subagents'>

/** Whether the agent has something that reaches Claude as a plugin. */
export function hasOffers({ skills, subagents }: Offers): boolean {
  return skills.length + subagents.length > 0
}

/**
 * A plugin of this one agent, made anew at each launch, so that nothing stays of what the files no longer name. Claude
 * loads it also where the folder's own settings stay out, and calls what is in it `team:<name>`. Skills are links, so that
 * an edit counts at once; subagents are copies, since Claude passes over a link there. Returns what the agent must be told
 * of them: Claude lists them only to who is spoken to by typing, and mail comes another way. Empty if there is nothing.
 */
export function writePlugin(folder: string, { skills, subagents }: Offers): string {
  rmSync(folder, { recursive: true, force: true })
  if (!hasOffers({ skills, subagents })) return ''
  for (const part of ['.claude-plugin', 'skills', 'agents']) mkdirSync(join(folder, part), { recursive: true, mode: 0o700 })
  writeAtomic(join(folder, '.claude-plugin', 'plugin.json'), `${JSON.stringify({ name: teamServer, version: '1.0.0', description: 'What the team offers this agent' }, null, 2)}\n`)
  const skillLines = skills.map((skill) => {
    symlinkSync(skill, join(folder, 'skills', basename(skill)))
    return lineOf(basename(skill), textOf(join(skill, 'SKILL.md')))
  })
  const subagentLines = subagents.map((file) => {
    const text = textOf(file)
    const name = String(frontMatter(text)?.['name'] ?? basename(file, '.md'))
    writeAtomic(join(folder, 'agents', `${name}.md`), text)
    return lineOf(name, text)
  })
  return [...section('Skills you have, for the tool Skill:', skillLines), ...section('Subagents you have, for the tool Agent:', subagentLines)].join('\n')
}

function section(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines]
}

/** One line, as the head of its file describes it. */
function lineOf(name: string, text: string): string {
  const description = frontMatter(text)?.['description']
  return `- ${teamServer}:${name}${typeof description === 'string' ? `: ${description.replaceAll(/\s+/g, ' ').trim()}` : ''}`
}

function textOf(file: string): string {
  try {
    return contentOf(file).toString('utf8')
  } catch (cause) {
    throw new TroupeError('config', `${file}, which the team’s files name, cannot be read: ${(cause as Error).message}`, { hint: 'put it back, or take it out of the files', cause })
  }
}
