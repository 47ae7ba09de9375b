import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { kill, patiently } from './troupe.ts'
import { Shop, shop } from './workers.ts'

const clis = fileURLToPath(new URL('../../.clis/bin', import.meta.url))
const missing = ['claude', 'codex', 'gemini'].filter((name) => !existsSync(join(clis, name)))
if (missing.length > 0 && process.env['CI'] !== undefined) throw new Error(`not installed in .clis (npm test puts them there): ${missing.join(', ')}`)
if (missing.length > 0) console.log(`skipped: not installed in .clis: ${missing.join(', ')}`)

/** Begins, and goes on once there is a file `gate`. */
const builds = { command: 'touch begun; until [ -e gate ]; do sleep 0.2; done', description: 'builds it' }
const finishes = { command: 'touch built', description: 'finishes it' }
/** Which Claude Code asks again after by itself; one that ends a turn parks its agent for half a minute. */
const slow = { status: 429, times: 1, message: 'slow down' }
const rules = [
  { when: 'build the thing', do: [slow, { tool: 'Bash', args: builds }, { tool: 'Bash', args: finishes }, { text: 'It is built.' }] },
  { when: 'check the thing', do: [{ text: 'It is checked.' }] },
  { when: 'report on the thing', do: [{ text: 'It is reported on.' }] },
  { when: 'publish the thing', do: [{ tool: 'run_shell_command', args: { command: 'git push origin main', description: 'publishes it' } }, { text: 'It is published.' }] },
]
/** The lead has a report written once all of that is done, hears of its end, and asks for each result. */
const leadRules = [
  { when: 'Have it reported', do: [{ tool: 'spawn_worker', args: { task: 'report on the thing', name: 'reporter', runtime: 'scripted', after: [1, 2, 3] } }, { tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'It will be.' }] },
  {
    from: 'troupe',
    do: [{ tool: 'workers', args: {} }, ...[1, 2, 3, 4].map((task) => ({ tool: 'task_result', args: { task } })), { tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'Told.' }],
  },
]
const file = `# The thing

- [ ] build the thing (name: builder, provider: claude)
- [ ] check the thing (name: checker, provider: codex)
- [ ] publish the thing (name: publisher, provider: gemini)
`

describe.skipIf(missing.length > 0)('one team on three agent CLIs', () => {
  it('finishes a task file with a crash, a 429, a permission and a daemon that dies in the middle', { timeout: 400_000 }, async () => {
    const team = new Shop(shop(rules, { compose: { hitl: {} }, leadRules }))
    const bin = join(team.folder, 'bin')
    const pushed = join(team.folder, 'pushed')
    mkdirSync(bin)
    writeFileSync(join(bin, 'git'), `#!/bin/sh\n[ "$1" = push ] && echo "$@" >> ${pushed}\nexit 0\n`, { mode: 0o755 })
    Object.assign(team.env, { PATH: [bin, clis, process.env['PATH'] ?? ''].join(delimiter) })
    await team.ok('up')
    const todo = join(team.folder, 'TODO.md')
    writeFileSync(todo, file)
    const running = team.run('run', todo, '--watch')

    // The builder dies in the middle of its work, and the daemon after it.
    await vi.waitFor(() => expect(existsSync(join(team.root, 'begun'))).toBe(true), { ...patiently, timeout: 150_000 })
    await team.ok('send', 'lead', 'Have it reported')
    await vi.waitFor(async () => expect((await team.tasks()).at(-1)).toMatchObject({ n: 4, agent: 'p:reporter', state: 'queued' }), patiently)
    kill(await team.pid('builder'))
    await vi.waitFor(async () => expect((await team.agent('builder')).restarts).toBe(1), patiently)
    kill((await team.daemon()).pid)
    writeFileSync(join(team.root, 'gate'), '')

    // The push waits for a person.
    const held = await vi.waitFor(async () => {
      const [found] = await team.json<{ n: number; summary: string; agent: string }[]>('approvals')
      expect(found).toMatchObject({ agent: 'p:publisher', summary: expect.stringContaining('git push origin main') as string })
      return found
    }, { ...patiently, timeout: 150_000 })
    expect(existsSync(pushed)).toBe(false)
    await team.ok('approve', String(held!.n))

    const ran = await running
    expect(ran.code, `${ran.stdout}${ran.stderr}`).toBe(0)
    expect(readFileSync(todo, 'utf8').replace(/ \d+m \d\ds/g, ' T')).toBe(
      file.replaceAll('- [ ]', '- [x]').replace('claude)', 'claude) ← builder | done | T').replace('codex)', 'codex) ← checker | done | T').replace('gemini)', 'gemini) ← publisher | done | T'),
    )
    expect([existsSync(join(team.root, 'built')), existsSync(pushed)]).toEqual([true, true])
    const { session } = await team.json<{ session: string }>('inspect', 'lead')
    await vi.waitFor(() => {
      const said = readFileSync(join(team.root, `state/agents/p-lead/conversation-${session}.json`), 'utf8')
      for (const result of ['It is built.', 'It is checked.', 'It is published.', 'It is reported on.']) expect(said).toContain(`\\"result\\":\\"${result}\\"`)
    }, patiently)
    expect((await team.tasks()).map(({ agent, state }) => [agent, state])).toEqual([['p:builder', 'done'], ['p:checker', 'done'], ['p:publisher', 'done'], ['p:reporter', 'done']])
    expect((await team.events()).filter(({ type, agent }) => type.startsWith('call.') && agent === 'p:lead')).toEqual([])
  })
})
