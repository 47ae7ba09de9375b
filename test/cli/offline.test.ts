import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folder, teamFolder, troupe } from './troupe.ts'

test('validate says what is there, on stdout', async () => {
  const { home } = teamFolder()
  expect(await troupe(home, ['validate'])).toMatchObject({ code: 0, stdout: 'ok · 1 project · 2 agents\n' })
})

test('validate --json keeps its shape', async () => {
  const { home } = teamFolder(true)
  const { code, stdout } = await troupe(home, ['validate', '--json'])
  const report = JSON.parse(stdout)
  expect(code).toBe(2)
  expect(report).toMatchObject({ ok: false, projects: 1, agents: 2 })
  const error = report.diagnostics.find((one: { severity: string }) => one.severity === 'error')
  expect(Object.keys(error).toSorted()).toEqual(['column', 'file', 'hint', 'line', 'message', 'severity'])
  expect(error).toMatchObject({ line: 7, hint: expect.stringContaining('dev') })
})

test('validate tells people on stderr, with a caret and without colours', async () => {
  const { home } = teamFolder(true)
  const { code, stdout, stderr } = await troupe(home, ['validate'])
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain('.team/projects/hello.yaml:7:')
  expect(stderr).toContain('^^^')
  expect(stderr).not.toContain('\u001b')
})

test('validate warns of a declared model whose price nobody knows, where a limit binds it', async () => {
  const { home, root } = teamFolder()
  const [compose, project] = [join(root, 'team-compose.yaml'), join(root, 'projects/hello.yaml')]
  writeFileSync(project, readFileSync(project, 'utf8').replace('dev: {', 'dev: { model: not-yet-known,'))
  const text = readFileSync(compose, 'utf8')
  const said = async (budget: string): Promise<string> => {
    writeFileSync(compose, `${text}\nbudget: ${budget}\n`)
    return (await troupe(home, ['validate'])).stderr
  }
  expect(await said('{ daily_usd_limit: 5 }')).toContain('the price of not-yet-known is not known')
  expect(await said('{ daily_usd_limit: 5, prices: { not-yet: { input: 1, output: 2 } } }')).not.toContain('is not known')
  expect(await said('{}')).not.toContain('is not known')
})

test('config prints the whole team, as YAML with origins or as JSON', async () => {
  const { home, root } = teamFolder()
  const { stdout } = await troupe(home, ['config'])
  expect(stdout).toContain('id: hello # projects/hello.yaml:2')
  const team = JSON.parse((await troupe(home, ['config', '--json'])).stdout)
  expect(team.root).toBe(root)
  expect(team.projects[0].workers.dev.reports_to).toBe('manager')
})

test('config schema is a JSON Schema', async () => {
  const home = folder()
  expect(JSON.parse((await troupe(home, ['config', 'schema'])).stdout)).toMatchObject({ type: 'object', title: expect.any(String) })
  expect(await troupe(home, ['config', 'schema', 'projcet'])).toMatchObject({ code: 2, stderr: expect.stringContaining('Try: troupe config schema project') })
})

test('init writes a team that validates, and refuses to do it twice', async () => {
  const home = folder()
  const made = await troupe(home, ['init', 'shop', '-y'])
  expect(made).toMatchObject({ code: 0, stdout: `${join(home, 'shop/.team')}\n` })
  expect(made.stderr).toContain('troupe up')
  expect(await troupe(join(home, 'shop'), ['validate'])).toMatchObject({ code: 0 })
  expect(await troupe(home, ['init', 'shop', '-y'])).toMatchObject({ code: 1, stderr: expect.stringContaining('is there already') })
  const again = await troupe(home, ['init', 'shop', '-y', '--force', '--json'])
  expect(JSON.parse(again.stdout)).toMatchObject({ root: join(home, 'shop/.team'), project: 'shop' })
})

test('init keeps what it does not know when forced', async () => {
  const home = folder()
  await troupe(home, ['init', '-y'])
  const notes = join(home, '.team/notes.md')
  writeFileSync(notes, 'mine')
  await troupe(home, ['init', '-y', '--force'])
  expect(readFileSync(notes, 'utf8')).toBe('mine')
})

test('init --template names what there is', async () => {
  expect(await troupe(folder(), ['init', '--template', 'sloo', '-y'])).toMatchObject({ code: 2, stderr: expect.stringContaining('Try: --template solo') })
})

test('init --template blank has a project with nobody in it', async () => {
  const home = folder()
  expect(await troupe(home, ['init', '--template', 'blank', '-y'])).toMatchObject({ code: 0, stderr: expect.stringContaining('A team without agents') as string })
  expect((await troupe(home, ['validate'])).stdout).toBe('ok · 1 project · 0 agents\n')
})

test('init takes the agent CLI that is here, where the usual one is not', async () => {
  const home = folder()
  const program = join(home, 'codex')
  writeFileSync(program, '#!/bin/sh\necho codex-cli 0.169.0 --remote unix://PATH\n', { mode: 0o755 })
  const env = { PATH: '/usr/bin:/bin', TROUPE_CODEX: program }
  expect(await troupe(home, ['init', 'shop', '-y'], { env })).toMatchObject({ code: 0, stderr: expect.stringContaining('Agent CLI: codex 0.169.0 (claude-code is not installed here)') as string })
  expect(readFileSync(join(home, 'shop/.team/projects/shop.yaml'), 'utf8').match(/runtime: codex/g)).toHaveLength(2)
})

test('the root comes from -C, then the environment, then the folder', async () => {
  const { home, root } = teamFolder()
  const elsewhere = folder()
  expect((await troupe(elsewhere, ['-C', home, 'validate'])).code).toBe(0)
  expect((await troupe(elsewhere, ['validate', '-C', root])).code).toBe(0)
  expect((await troupe(elsewhere, ['validate'], { env: { TROUPE_ROOT: root } })).code).toBe(0)
  mkdirSync(join(home, 'deep/er'), { recursive: true })
  expect((await troupe(join(home, 'deep/er'), ['validate'])).code).toBe(0)
  expect(await troupe(elsewhere, ['validate'])).toMatchObject({ code: 2, stderr: expect.stringContaining('troupe init makes a team here') })
})

test('errors are one JSON value with --json, wherever it stands', async () => {
  const home = folder()
  for (const args of [['ps', '--json'], ['--json', 'ps']]) {
    const { code, stdout, stderr } = await troupe(home, args)
    expect([code, stdout]).toEqual([2, ''])
    expect(JSON.parse(stderr)).toEqual({ error: { code: 'config', message: expect.any(String), hint: expect.any(String), facts: expect.any(Object) } })
  }
})

test('a typo is answered with the nearest name, exit code 2', async () => {
  expect(await troupe(folder(), ['vlaidate'])).toMatchObject({
    code: 2,
    stdout: '',
    stderr: 'error: there is no command "vlaidate"\nTry: troupe validate; to say it to the lead: troupe prompt vlaidate\n',
  })
})

test('what the system refuses is told without a stack, and help of what does not exist says so', async () => {
  const home = folder()
  const file = join(home, 'file')
  writeFileSync(file, '')
  const refused = await troupe(home, ['init', join(file, 'x'), '-y'])
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('ENOTDIR') as string })
  expect(refused.stderr).not.toMatch(/^\s+at /m)
  expect(await troupe(home, ['help', 'stauts'])).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Try: troupe status') as string })
  expect((await troupe(home, ['explain', 'dev'])).stderr).toContain('Try: troupe explain agent, troupe explain message')
})

test('looking without a daemon starts none where that is not wanted', async () => {
  const { home, root } = teamFolder()
  expect(await troupe(home, ['daemon', 'status'])).toMatchObject({ code: 1, stderr: expect.stringContaining('no daemon is running') })
  expect(await troupe(home, ['daemon', 'stop'])).toMatchObject({ code: 0, stderr: 'No daemon is running.\n' })
  expect(await troupe(home, ['daemon', 'logs'])).toMatchObject({ code: 0 })
  expect(existsSync(join(root, 'state/run/op.sock'))).toBe(false)
})

test('completion knows commands and the names of the team', async () => {
  const { home } = teamFolder()
  expect((await troupe(home, ['complete', '--', 'va'])).stdout).toBe('validate\n')
  expect((await troupe(home, ['complete', '--', 'stop', ''])).stdout).toBe('manager\ndev\nhello:manager\nhello:dev\n')
  expect((await troupe(home, ['complete', '--', 'broadcast', ''])).stdout).toBe('all\n')
  expect(await troupe(folder(), ['complete', '--', 'stop', ''])).toMatchObject({ code: 0, stdout: '', stderr: '' })
  for (const shell of ['bash', 'zsh', 'fish']) expect((await troupe(home, ['completion', shell])).stdout).toContain('troupe complete')
  expect(await troupe(home, ['completion', 'bsh'])).toMatchObject({ code: 2, stderr: expect.stringContaining('troupe completion bash') })
})
