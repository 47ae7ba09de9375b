import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { pair, patiently, Troupe } from './troupe.ts'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7/

it('a team with names for people, and variables of its own, shows both everywhere it should', async () => {
  const files = pair()
  const project = files['projects/hello.yaml']!.replace('dev: {', 'dev: {display_name: Doris Day, role_prompt: [roles/base.md, roles/dev.md], env: [API_KEY, FROM_FILE], ')
  const troupe = new Troupe({ ...files, 'projects/hello.yaml': project, 'roles/base.md': 'Be BRIEF.\n', 'roles/dev.md': 'Write CODE.\n', '.env': 'STRAY=not-for-anybody\nFROM_FILE=of-the-file\n' }, { API_KEY: 'of-the-first-shell-1', TROUPE_LOG: 'debug' })
  expect(await troupe.ok('up')).toMatch(/hello:dev +Doris Day +worker/)
  expect((await troupe.json<{ agent: string; displayName: string | null }[]>('ps')).map(({ agent, displayName }) => [agent, displayName])).toEqual([['hello:manager', null], ['hello:dev', 'Doris Day']])
  expect(await troupe.ok('inspect', 'dev')).toMatch(/^hello:dev \(Doris Day\) /)

  if (process.platform === 'linux') {
    const given = async (name: string) => readFileSync(`/proc/${await troupe.pid(name)}/environ`, 'utf8').split('\0').filter((each) => /^(API_KEY|FROM_FILE|STRAY)=/.test(each))
    expect(await given('dev')).toEqual(expect.arrayContaining(['API_KEY=of-the-first-shell-1', 'FROM_FILE=of-the-file']))
    expect([(await given('dev')).length, await given('manager')]).toEqual([2, []])
  }

  expect(readFileSync(join(troupe.root, 'state/agents/hello-dev/mission.txt'), 'utf8')).toMatch(/Be BRIEF\.\n+Write CODE\.\n*$/)

  const sent = await troupe.json<{ id: string; n: number; to: string; deliveries: { to: string }[] }>('broadcast', '#all', 'good morning')
  expect(sent).toMatchObject({ id: expect.stringMatching(uuid), to: 'hello#all', tokens: 6, deliveries: [{ to: 'hello:manager' }, { to: 'hello:dev' }] })
  expect(await troupe.ok('broadcast', 'all', 'again')).toMatch(/^#\d+ → hello#all: 2 agents \(hello:manager, hello:dev\), about 4 tokens to read\n$/)
  await troupe.ok('send', 'dev', 'hello')
  await vi.waitFor(async () => expect(await troupe.ok('mail', 'dev')).toContain('hello:dev (Doris Day)'), patiently)

  const row = async (key: string | null) => {
    const ran = await troupe.run('env', '--json', ...(key === null ? ['--doctor'] : []))
    return { ...(JSON.parse(ran.stdout) as Record<string, unknown>[])[0], code: ran.code }
  }
  expect(await row('same')).toMatchObject({ name: 'API_KEY', source: 'shell', masked: '****ll-1', held: null })
  troupe.env['API_KEY'] = 'of-the-second-shell-2'
  expect(await row('other')).toMatchObject({ source: 'shell', masked: '****ll-2', held: '****ll-1' })
  delete troupe.env['API_KEY']
  expect(await row(null)).toMatchObject({ source: 'daemon', masked: '****ll-1', code: 0 })

  const log = readFileSync(join(troupe.root, 'state/run/daemon.log'), 'utf8')
  expect(log).toMatch(/"who":"operator","call":"up","ms":\d+,"went":"ok"/)
  expect(log).not.toMatch(/first-shell|good morning/)
  const { stderr } = await troupe.run('ps')
  expect(stderr).toMatch(/debug: root .* by -C\n[^]*debug: ps took \d+ ms/)
}, 200_000)
