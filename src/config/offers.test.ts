import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { dev, known, loud, project, said, teamRoot, temporaryFolder } from '../../test/fixtures/config-samples.ts'
import { load } from './load.ts'

const skill = '---\nname: brew\ndescription: How to brew\n---\nBoil water.\n'
const subagent = (name: string) => `---\nname: ${name}\ndescription: Tastes\n---\nYou taste.\n`

/** The worker `dev` with these keys, in a root that holds these files. */
function agent(keys: string, files: Record<string, string>) {
  const root = teamRoot({ ...dev(keys), ...files })
  const { team, diagnostics } = load(root, known)
  return { root, dev: team?.projects[0]?.agents.find((each) => each.id === 'dev'), told: loud(diagnostics).map(({ line, message }) => `${line} ${message.replaceAll(root, 'ROOT')}`) }
}

describe('skills', () => {
  test('are named one by one, or by the folder that holds them', () => {
    const found = agent('skills: [brew, more]', { 'brew/SKILL.md': skill, 'more/a/SKILL.md': skill, 'more/b/SKILL.md': skill, 'more/notes.md': '' })
    expect([found.dev?.skills, found.told]).toEqual([['brew', 'more/a', 'more/b'].map((name) => join(found.root, name)), []])
  })

  test.each([
    ['a folder without one', { 'brew/notes.md': '' }, '[brew]', /^error projects\/p.yaml:8:\d+ the folder `brew` holds no SKILL.md/],
    ['two of one name', { 'a/brew/SKILL.md': skill, 'b/brew/SKILL.md': skill }, '[a/brew, b/brew]', /^error projects\/p.yaml:8:\d+ there are two skills named `brew`/],
    ['a name that no command can have', { 'big brew/SKILL.md': skill }, '["big brew"]', /`big brew` cannot be the name of a skill/],
    ['what is not there', {}, '[brew]', /the skill `brew` does not exist/],
  ])('are refused with their place: %s', (_, files, list, pattern) => {
    expect(said({ ...dev(`skills: ${list}`), ...files })).toEqual([expect.stringMatching(pattern)])
  })

  test('have no link that leads out of the root, at any depth', () => {
    const [root, outside] = [teamRoot({ ...dev('skills: [brew]'), 'brew/SKILL.md': skill, 'shared.md': '' }), temporaryFolder()]
    writeFileSync(join(outside, 'secret'), '')
    mkdirSync(join(root, 'brew/deep'))
    symlinkSync(join(root, 'shared.md'), join(root, 'brew/deep/inside'))
    expect(load(root, known).team).not.toBeNull()
    symlinkSync(join(outside, 'secret'), join(root, 'brew/deep/out'))
    expect(load(root, known).diagnostics[0]).toMatchObject({ severity: 'error', line: 8, message: '`deep/out` in the skill `brew` is a link that leads out of the team root' })
  })
})

describe('subagents', () => {
  test('are files that name and describe themselves', () => {
    const found = agent('subagents: [agents/taster.md]', { 'agents/taster.md': subagent('taster') })
    expect([found.dev?.subagents, found.told]).toEqual([[join(found.root, 'agents/taster.md')], []])
  })

  test.each([
    ['no head', { 'a.md': 'You taste.\n' }, '[a.md]', /the subagent `a.md` has no `name` and no `description` in its head/],
    ['no description', { 'a.md': '---\nname: a\n---\n' }, '[a.md]', /the subagent `a.md` has no `description` in its head/],
    ['two of one name', { 'a.md': subagent('x'), 'b.md': subagent('x') }, '[a.md, b.md]', /there are two subagents named `x`/],
  ])('are refused with their place: %s', (_, files, list, pattern) => {
    expect(said({ ...dev(`subagents: ${list}`), ...files })).toEqual([expect.stringMatching(pattern)])
  })
})

test('a hook whose program is a relative path runs the one below the root, wherever its agent works', () => {
  const hook = (command: string) => `hooks: [{ event: Stop, command: '${command}' }]`
  const files = { 'my hooks/note.sh': '', 'hooks/note.sh': '' }
  const { root, dev: found } = agent(hook('hooks/note.sh --all'), files)
  chmodSync(join(root, 'hooks/note.sh'), 0o755)
  expect(found?.hooks[0]?.command).toBe(`${join(root, 'hooks/note.sh')} --all`)
  for (const command of ['notify-send done', '/bin/true', 'a && b/c']) expect(agent(hook(command), files).dev?.hooks[0]?.command).toBe(command)
  expect(agent(hook('hooks/none.sh'), files).told).toEqual([expect.stringContaining('8 the program `hooks/none.sh` of the hook is not there')])
})

test('what a runtime has nothing like is a warning at its key', () => {
  const files = { 'projects/p.yaml': project.replace('can_broadcast: [all], reports_to: lead }', 'can_broadcast: [all], runtime: beta, effort: max, skills: [brew] }'), 'brew/SKILL.md': skill }
  expect(said(files)).toEqual([
    expect.stringMatching(/^warning projects\/p.yaml:8:\d+ `effort` is not used by the runtime `beta`: it changes nothing for this agent \[take it out, or use alpha\]/),
    expect.stringMatching(/`skills` is not used by the runtime `beta`/),
  ])
})
