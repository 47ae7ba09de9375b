import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { programPath } from '../../src/util/programs.ts'
import { run } from '../../src/util/spawn.ts'
import { folder, teamFolder, troupe } from './troupe.ts'

/** A team whose files name variables in every place that may. */
function namingTeam() {
  const { home, root } = teamFolder()
  writeFileSync(
    join(root, 'team-compose.yaml'),
    `version: 2
interfaces:
  - { type: email, name: office, config: { password_env: MAIL_PASS } }
rate_limits:
  hooks:
    - { name: page, action: webhook, url_env: PAGE_URL }
projects:
  - file: projects/hello.yaml
`,
  )
  writeFileSync(
    join(root, 'projects/hello.yaml'),
    `version: 2
project: { id: hello, name: Hello, cwd: ../work }
managers:
  manager:
    interfaces:
      telegram: { bot_token_env: BOT, chat_ids_env: CHATS }
workers:
  dev:
    env: [API_KEY]
    mcps:
      db: { command: db, env: { URL: "\${DB_URL}", LEVEL: "\${DB_LEVEL:-info}" } }
`,
  )
  mkdirSync(join(root, 'work'), { recursive: true })
  mkdirSync(join(home, 'work'), { recursive: true })
  return { home, root }
}

test('env shows every variable with its places, masked, and where the value comes from; starts nothing', async () => {
  const { home, root } = namingTeam()
  writeFileSync(join(root, '.env'), 'API_KEY=sk-0123456789abcdef\nBOT=short\n')
  const shown = await troupe(home, ['env', '--json'], { env: { DB_URL: 'postgres://u:p@h/base' } })
  const rows = JSON.parse(shown.stdout) as { name: string; state: string; masked: string | null; source: string | null; required: boolean; from: { what: string; file: string; line: number }[] }[]
  expect(rows.map(({ name, masked, source, required, from }) => [name, masked, source, required, ...from.map(({ file, line, what }) => `${file}:${line} ${what}`)])).toEqual([
    ['PAGE_URL', null, null, true, 'team-compose.yaml:6 rate_limits hook page'],
    ['MAIL_PASS', null, null, true, 'team-compose.yaml:3 interface office password_env'],
    ['BOT', '****', join(root, '.env'), true, 'projects/hello.yaml:6 hello:manager bot_token_env'],
    ['CHATS', null, null, true, 'projects/hello.yaml:6 hello:manager chat_ids_env'],
    ['API_KEY', '****cdef', join(root, '.env'), true, 'projects/hello.yaml:9 hello:dev env'],
    ['DB_URL', '****base', 'shell', true, 'projects/hello.yaml:11 hello:dev mcps db'],
    ['DB_LEVEL', null, null, false, 'projects/hello.yaml:11 hello:dev mcps db'],
  ])
  const doctor = await troupe(home, ['env', '--doctor'])
  expect(doctor).toMatchObject({ code: 1, stderr: expect.stringContaining('4 required environment variables unset: PAGE_URL, MAIL_PASS, CHATS, DB_URL') })
  expect(doctor.stdout).toMatch(/API_KEY +set \(\*\*\*\*cdef\)/)
  const all = { PAGE_URL: 'x', MAIL_PASS: 'x', CHATS: 'x', DB_URL: 'x' }
  expect(await troupe(home, ['env', '--doctor'], { env: all })).toMatchObject({ code: 0, stderr: '' })
  expect(shown.stdout + doctor.stdout).not.toMatch(/0123456789|u:p@h|short/)
  expect(existsSync(join(root, 'state/run'))).toBe(false)
})

test('env of a team that names nothing says so', async () => {
  const { home } = teamFolder()
  expect(await troupe(home, ['env', '--doctor'])).toMatchObject({ code: 0, stdout: '(the team’s files name no environment variables)\n' })
})

test('the current context counts where nothing else names a team', async () => {
  const [shop, other, away] = [teamFolder(), teamFolder(), folder()]
  const at = (cwd: string, ...args: string[]) => troupe(cwd, args, { env: { HOME: away, XDG_CONFIG_HOME: join(away, 'conf') } })
  expect(await at(away, 'validate')).toMatchObject({ code: 2, stderr: expect.stringContaining('no team here') })
  expect(await at(away, 'context', 'add', 'shop', shop.home)).toMatchObject({ code: 0, stderr: expect.stringContaining('and the current context') })
  expect(await at(other.home, 'context', 'add', 'other')).toMatchObject({ code: 0 })
  const file = join(away, 'conf/troupe/contexts.json')
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ current: 'shop', contexts: { shop: shop.root, other: other.root } })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const rootOf = async (cwd: string, ...args: string[]) => JSON.parse((await at(cwd, 'config', '--json', ...args)).stdout).root as string
  expect(await rootOf(away)).toBe(shop.root)
  expect(await rootOf(other.home)).toBe(other.root)
  expect(await rootOf(away, '-C', other.home)).toBe(other.root)
  await at(away, 'context', 'use', 'other')
  expect([await rootOf(away), (await at(away, 'context', 'current')).stdout]).toEqual([other.root, 'other\n'])
  expect((await at(away, 'complete', '--', 'context', 'use', 's')).stdout).toBe('shop\n')
  expect(await at(away, 'context', 'use', 'shpo')).toMatchObject({ code: 4, stderr: expect.stringContaining('did you mean shop') })
  expect(await at(away, 'context', 'add', 'shop', other.home)).toMatchObject({ code: 1, stderr: expect.stringContaining(shop.root) })

  rmSync(other.root, { recursive: true })
  expect(await at(away, 'ps')).toMatchObject({ code: 2, stderr: expect.stringMatching(/the current context other names .* which does not exist[^]*troupe context rm other/) })
  expect((await at(away, 'context', 'ls')).stdout).toMatch(/\* +other +missing/)
  await at(away, 'context', 'rm', 'other')
  expect(await at(away, 'context', 'current')).toMatchObject({ code: 1 })
  writeFileSync(file, '{"contexts": 3}')
  expect(await at(away, 'ps')).toMatchObject({ code: 2, stderr: expect.stringContaining(file) })
})

test('contexts of teamctl are taken over, those whose folder is gone are left out by name', async () => {
  const [shop, away] = [teamFolder(), folder()]
  mkdirSync(join(away, '.config/teamctl'), { recursive: true })
  writeFileSync(join(away, '.config/teamctl/contexts.json'), JSON.stringify({ current: 'shop', contexts: { shop: shop.root, old: '/nowhere' } }))
  const taken = await troupe(away, ['context', 'add', '--from-teamctl'])
  expect(taken).toMatchObject({ code: 0, stderr: expect.stringContaining('old was left out') })
  expect(JSON.parse((await troupe(away, ['context', 'ls', '--json'])).stdout)).toEqual([{ name: 'shop', root: shop.root, current: true, state: 'ok' }])
})

test('exec runs argv as it is, in the agent’s folder, with its environment and without a token', async () => {
  const { home, root } = namingTeam()
  writeFileSync(join(root, '.env'), 'API_KEY=k\nBOT=b\nDB_URL=d\nSTRAY=s\n')
  const ask = 'console.log(JSON.stringify([process.cwd(), process.env, process.argv.slice(1)]))'
  const ran = await troupe(home, ['-q', 'exec', 'dev', '--', process.execPath, '-e', ask, '--', '$(id) ; x', '-v'], { env: { TROUPE_AGENT_TOKEN: 't', AWS_SECRET: 'a', TERM: 'dumb' } })
  const [cwd, env, words] = JSON.parse(ran.stdout) as [string, Record<string, string>, string[]]
  expect([cwd, words]).toEqual([join(root, '../work'), ['$(id) ; x', '-v']])
  expect(env).toMatchObject({ API_KEY: 'k', DB_URL: 'd', TROUPE_AGENT: 'hello:dev', TROUPE_PROJECT: 'hello', AGENT_ID: 'hello:dev', PROJECT_ID: 'hello', TEAMCTL_ROOT: root, TERM: 'dumb' })
  expect(Object.keys(env).filter((name) => ['BOT', 'STRAY', 'AWS_SECRET', 'TROUPE_AGENT_TOKEN', 'TROUPE_INCARNATION'].includes(name))).toEqual([])
})

test('exec and shell pass the exit code on; who or what is not there has a code of its own', async () => {
  const { home } = namingTeam()
  const exit = (...argv: string[]) => troupe(home, ['-q', 'exec', 'dev', '--', ...argv]).then(({ code }) => code)
  expect([await exit('sh', '-c', 'exit 7'), await exit('sh', '-c', 'kill -9 $$'), await exit('no-such-program'), await exit('/')]).toEqual([7, 137, 127, 126])
  expect(await troupe(home, ['exec', 'dve', '--', 'true'])).toMatchObject({ code: 4, stderr: expect.stringContaining('did you mean dev') })
  expect(await troupe(home, ['-q', 'shell', 'dev'], { env: { SHELL: '/bin/sh' }, input: 'echo $TROUPE_AGENT; exit 3\n' })).toMatchObject({ code: 3, stdout: 'hello:dev\n' })
  rmSync(join(home, '.team/../work'), { recursive: true })
  expect(await troupe(home, ['-q', 'exec', 'dev', '--', 'true'])).toMatchObject({ code: 2, stderr: expect.stringContaining('mkdir -p') })
})

test('what is sent to exec alone reaches the program, and exec ends as it does', async () => {
  const { home } = namingTeam()
  const waits = 'process.on("SIGTERM", () => process.exit(43)); process.on("SIGINT", () => process.stdout.write("int")); console.log("up"); setInterval(() => {}, 1000)'
  const child = spawn(process.execPath, [programPath('troupe'), '-q', 'exec', 'dev', '--', process.execPath, '-e', waits], { cwd: home, env: { PATH: process.env.PATH, HOME: home }, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += String(chunk)))
  await expect.poll(() => said, { timeout: 30_000 }).toContain('up')
  child.kill('SIGINT')
  await expect.poll(() => said, { timeout: 30_000 }).toContain('int')
  child.kill('SIGTERM')
  const code = child.exitCode ?? (await new Promise((resolve) => child.once('exit', resolve)))
  expect(code).toBe(43)
})

test('reading commands say when the environment chose another team than the folder would; TEAMCTL_QUIET stops that', async () => {
  const [here, there] = [teamFolder(), teamFolder()]
  const warned = `warning: using $TEAMCTL_ROOT=${there.root} `
  const said = async (cwd: string, env: Record<string, string>, ...args: string[]) => (await troupe(cwd, ['validate', ...args], { env })).stderr
  const there_ = { TEAMCTL_ROOT: there.root }
  expect(await said(here.home, there_)).toContain(warned)
  expect(await said(folder(), there_)).toContain(warned)
  for (const [cwd, env, ...args] of [
    [there.home, there_],
    [here.home, { ...there_, TEAMCTL_QUIET: '1' }],
    [here.home, there_, '-q'],
    [here.home, there_, '--json'],
    [here.home, there_, '-C', here.root],
  ] as [string, Record<string, string>, ...string[]][]) {
    expect(await said(cwd, env, ...args), args.join()).not.toContain('using $')
  }
})

test('on a terminal exec keeps it, and Ctrl-C is the program’s alone, as often as it is pressed', async () => {
  const { home } = namingTeam()
  writeFileSync(join(home, 'waits.cjs'), `
let pressed = 0
process.on('SIGINT', () => { console.log('pressed', ++pressed); if (pressed === 3) process.exit(9) })
console.log('terminal', process.stdin.isTTY, process.stdout.isTTY)
setInterval(() => {}, 1000)
`)
  const tmux = async (...args: string[]) => (await run(['tmux', '-f', '/dev/null', '-S', join(home, 't.sock'), ...args], { env: { PATH: process.env.PATH ?? '', HOME: home, TERM: 'xterm', TERM_PROGRAM: '' }, cwd: home, timeoutMs: 30_000 })).stdout
  onTestFinished(async () => void (await tmux('kill-server')))
  // The shell around it hears Ctrl-C too, and stays.
  const command = `trap : INT; ${process.execPath} ${programPath('troupe')} -q exec dev -- ${process.execPath} ${join(home, 'waits.cjs')}; echo ended $?; sleep 1000`
  await tmux('new-session', '-d', '-x', '200', '-y', '20', 'sh', '-c', command)
  const shows = async (words: string) => await expect.poll(() => tmux('capture-pane', '-p'), { timeout: 60_000 }).toContain(words)
  await shows('terminal true true')
  for (const n of [1, 2, 3]) {
    await tmux('send-keys', 'C-c')
    await shows(`pressed ${n}`)
  }
  await shows('ended 9')
}, 300_000)

test('exec warns of what its agent lacks, and of nobody else’s', async () => {
  const { home } = namingTeam()
  const { stderr } = await troupe(home, ['exec', 'dev', '--', 'true'])
  expect(stderr).toBe('warning: API_KEY is not set (named by hello:dev)\nwarning: DB_URL is not set (named by hello:dev)\n')
})
