import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { run, type Ran } from '../../src/util/spawn.ts'
import { Person } from './person.ts'
import { dist } from './troupe.ts'

it('the first rehearsal of a fresh team is the conversation alone, and costs nothing', async () => {
  // No agent CLI there: scripted agents stand in.
  const person = new Person({ PATH: '/usr/bin:/bin' })
  await person.ok('init', '-y')
  const root = join(person.work, '.team')
  expect(await person.with({}, '-C', root, 'send', 'dev', 'early')).toMatchObject({ code: 0, stdout: '#1 → work:dev: queued\n', stderr: 'Not running: work:dev; what was sent is kept until then. Try: troupe up\n' })
  // The scripted model would take it, and nobody would ever have read it.
  expect(await person.run('-C', root, 'rehearse')).toMatchObject({ code: 1, stderr: expect.stringContaining('real work waits for this team (message #1)') as string })
  expect(await person.json('-C', root, 'mail')).toMatchObject([{ state: 'queued' }])
  const copy = join(person.work, 'copy')
  await person.ok('-C', root, 'config', '--write', copy)
  const { messages } = await person.json<{ messages: { from: string; to: string; text: string }[] }>('-C', copy, 'rehearse', '--keep')
  expect(messages.map(({ from, to }) => `${from} → ${to}`)).toEqual(['user → work:manager', 'work:manager → work:dev', 'work:dev → work:manager'])
  expect((await person.json<{ usd: string | null }[]>('-C', copy, 'usage')).map(({ usd }) => usd)).toEqual(['0.00', '0.00'])
  // One that is refused leaves alone what runs.
  expect(await person.run('-C', copy, 'rehearse', 'nope')).toMatchObject({ code: 4, stderr: expect.stringContaining('there is no scenario "nope"') as string })
  expect((await person.json<{ phase: string }[]>('-C', copy, 'ps')).map(({ phase }) => phase)).toEqual(['idle', 'idle'])
  await person.ok('-C', copy, 'down', '--hard')
}, 120_000)

it('a rehearsal that cannot begin does not end the team that is at work', async () => {
  const person = new Person({ PATH: '/usr/bin:/bin' })
  await person.ok('init', '-y')
  const [compose, project] = ['team-compose.yaml', 'projects/work.yaml'].map((file) => join(person.work, '.team', file)) as [string, string]
  writeFileSync(project, readFileSync(project, 'utf8').replaceAll('    permission_mode', '    runtime: scripted\n    permission_mode'))
  const phases = async (): Promise<string[]> => (await person.json<{ phase: string }[]>('ps')).map(({ phase }) => phase)
  // Nor does one whose reader goes leave its team behind; and what cannot be written is said in a line.
  const shell = async (text: string): Promise<Ran> => await run(['sh', '-c', text.replaceAll('troupe', `'${process.execPath}' '${join(dist, 'troupe.cjs')}'`)], { env: person.env, cwd: person.work, timeoutMs: 60_000 })
  expect((await shell('troupe rehearse | head -n 1')).stdout).toBe('#1 user → work:manager\n')
  await expect.poll(phases, { timeout: 60_000 }).toEqual(['stopped', 'stopped'])
  expect(await shell('troupe ps > /dev/full')).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error: what this prints cannot be written: ENOSPC.*\n$/) as string })

  await person.ok('up')
  appendFileSync(compose, 'oops: [')
  expect(await person.run('rehearse')).toMatchObject({ code: 2, stderr: expect.stringContaining('not valid YAML') as string })
  expect(await phases()).toEqual(['idle', 'idle'])
  await person.ok('down', '--hard')
}, 120_000)

it('somebody who comes from agentic-team finds their flags, and a worker that was spawned leaves nothing to apply', async () => {
  const person = new Person({ PATH: '/usr/bin:/bin' })
  await person.ok('new', 'shop', '-p', 'scripted', '--rehearsal', 'hello')
  await person.ok('spawn-worker', '--mode', 'interactive', '-n', 'fix', '-t', 'mend it')
  expect(await person.ok('wait', '-i', '5')).toContain('done: mend it')
  expect(await person.run('plan')).toMatchObject({ code: 0, stderr: expect.stringContaining('No changes') as string })
  expect((await person.run('ps')).stderr).toBe('')

  const status = await person.ok('status', '-v')
  expect(status).toMatch(/^fix +scripted +done +\dm \d\ds +\[cli\] mend it$/m)
  expect(status).toMatch(/^━━ lead ━━\nscripted agent shop:lead, conversation /m)
  expect((await person.json<{ lines?: string[] }[]>('status'))[0]?.lines).toBeUndefined()
  const { argv } = await person.json<{ argv: string[] }>('attach', '-w', 'lead')
  const [tmux = '', , socket = ''] = argv
  // Whose terminal it is and how one leaves it stands below it; what is shown of a client depends on who looks.
  expect((await run([tmux, '-S', socket, 'display-message', '-p', '-t', '=a-shop-lead:', '#{T:status-left}|#{T:status-right}'], { env: person.env })).stdout).toBe('shop:lead |Ctrl-b d leaves\n')
  expect((await person.ok('logs', '--tail', '1', 'fix')).trimEnd().split('\n')).toHaveLength(3)

  expect(await person.run('send', 'write the missing tests')).toMatchObject({ code: 2, stderr: expect.stringContaining("to the lead: troupe 'write the missing tests'") as string })
  expect(await person.run('send', 'write', 'more', 'tests')).toMatchObject({ code: 4, stderr: expect.stringContaining("the agents are lead, fix; to the lead: troupe 'write more tests'") as string })
  expect((await person.with({ env: { TEAM_NAME: 'shop' } }, 'ps')).stderr).toBe('')

  await person.ok('clear')
  expect((await person.run('plan')).code).toBe(0)
  expect(await person.run('new', 'web', '-p', 'scripted')).toMatchObject({ code: 0, stderr: expect.stringContaining('it reads what it is told, and does nothing. With one: --rehearsal hello') as string })
  await person.ok('delete', 'web', '-y')
  expect(await person.run('status')).toMatchObject({ code: 2, stderr: expect.stringContaining('elsewhere there is shop: troupe use shop, or -T shop for one command') as string })
}, 120_000)
