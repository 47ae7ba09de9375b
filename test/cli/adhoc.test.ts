import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folder, teamFolder, troupe } from './troupe.ts'

/** A home with what agentic-team leaves in it. */
function agenticHome(): string {
  const home = folder()
  const base = join(home, '.agentic-team')
  for (const name of ['teams', 'state/my.team']) mkdirSync(join(base, name), { recursive: true })
  mkdirSync(join(home, 'work'))
  const team = (name: string, more: string): void => writeFileSync(join(base, 'teams', `${name}.toml`), `name = "${name}"\n${more}`)
  team('my.team', `provider = "claude"\nmodel = "o3"\nworker_mode = "interactive"\npermissions = "dangerously-skip-permissions"\nuse_worktrees = false\nworking_dir = "${join(home, 'work')}"\nmax_workers = 3\nnew_key = true\n`)
  team('odd', `provider = "grok"\nworking_dir = "/x"\n`)
  team('bad', 'provider = "claude"\nworking_dir = = 3\n')
  writeFileSync(join(base, 'state/my.team/workers.toml'), '[[workers]]\nname = "fix"\ntask = "mend it"\nstatus = "done"\n')
  writeFileSync(join(base, 'defaults.toml'), 'provider = "codex"\nmodel = "o3"\n')
  symlinkSync('state/my.team', join(base, 'active'))
  return home
}

test('import agentic-team takes teams, defaults and history over, and names file, line and column of what it cannot read', async () => {
  const home = agenticHome()
  const { code, stdout, stderr } = await troupe(home, ['import', 'agentic-team'])
  expect(code).toBe(1)
  expect(stdout).toBe('took my.team as my-team, 1 worker as history\n  its model o3 is none of claude: left out\n')
  expect(stderr).toMatch(/teams\/bad\.toml:3:\d+: /)
  expect(stderr).toMatch(/teams\/odd\.toml: there is no provider "grok" \(.*claude, codex, gemini, opencode\)/)
  expect(stderr).not.toMatch(/^\s+at /m)
  expect(JSON.parse((await troupe(home, ['list', '--json'])).stdout)).toMatchObject([{ name: 'my-team', current: true, provider: 'claude', state: 'stopped' }])
  expect(JSON.parse((await troupe(home, ['defaults', '--json'])).stdout)).toMatchObject({ provider: 'codex', model: 'o3' })
  const root = join(home, '.troupe/teams/my-team')
  expect(JSON.parse(readFileSync(join(root, 'history/agentic-team.json'), 'utf8'))).toMatchObject({ team: 'my.team', workers: [{ name: 'fix', task: 'mend it' }] })
  const { stdout: config } = await troupe(home, ['-T', 'my', 'config'])
  expect(config).toMatch(/max_workers: 3/)
  expect(config).toMatch(/permission_mode: bypass/)
  expect(JSON.parse((await troupe(home, ['import', 'agentic-team', '--json'])).stdout)).toMatchObject({ teams: [], known: ['my-team'] })
})

test('a dry run of it writes nothing', async () => {
  const home = agenticHome()
  expect((await troupe(home, ['import', 'agentic-team', '--dry-run'])).stdout).toContain('would take my.team as my-team')
  expect(existsSync(join(home, '.troupe/teams'))).toBe(false)
})

test('config --write makes an ordinary team of the same agents, which works in the same folder', async () => {
  const { home, root } = teamFolder()
  const target = join(home, 'copy')
  mkdirSync(join(root, 'state'))
  writeFileSync(join(root, '.env'), 'SECRET=1\n')
  expect(await troupe(home, ['config', '--write', 'copy'])).toMatchObject({ code: 0, stdout: expect.stringContaining(join(target, 'team-compose.yaml')) })
  expect(readdirSync(target).toSorted()).toEqual(['projects', 'team-compose.yaml'])
  const resolved = async (of: string): Promise<unknown> => JSON.parse((await troupe(home, ['-C', of, 'config', '--json'])).stdout).projects
  expect(await resolved(target)).toEqual(await resolved(root))
  expect(await troupe(home, ['config', '--write', 'copy'])).toMatchObject({ code: 1, stderr: expect.stringContaining('is there already') })
})

test('with no provider that can be used, new lists each with the reason, and makes nothing', async () => {
  const home = folder()
  const env = { PATH: '/usr/bin:/bin' }
  const { code, stderr } = await troupe(home, ['new', 'shop'], { env })
  expect(code).toBe(2)
  for (const provider of ['claude', 'codex', 'gemini', 'opencode']) expect(stderr).toMatch(new RegExp(`^  ${provider}: .+`, 'm'))
  expect(existsSync(join(home, '.troupe/teams'))).toBe(false)
  const one = await troupe(home, ['init', 'shop', '-p', 'claude'], { env })
  expect(one).toMatchObject({ code: 1, stderr: expect.stringContaining('claude cannot be used here: ') })
  expect(existsSync(join(home, '.troupe/teams'))).toBe(false)
})

/** agentic-team took any name, and left half a team behind where it did not work (#15). */
test.each(['my.team', '../evil'])('a team cannot be called %j (agentic-team #15)', async (name) => {
  const home = folder()
  expect(await troupe(home, ['new', '--', name])).toMatchObject({ code: 2, stdout: '' })
  expect(readdirSync(home)).toEqual([])
})

test.each([
  [['-p', 'grok'], /there is no provider "grok"/, /claude, codex, gemini, opencode/],
  [['-p', 'scripted', '--worker-mode', 'turbo'], /there is no worker mode "turbo"/, /interactive\|/],
  [['-p', 'scripted', '--permissions', 'yolo'], /there is no permission mode "yolo"/, /plan\|confirm\|manual\|auto\|bypass/],
  [['-p', 'scripted', '--working-dir', 'nowhere'], /nowhere does not exist/, /--working-dir DIR/],
  [['-p', 'scripted', '--max-workers', '0'], /max-workers wants a positive whole number/, /--max-workers 50/],
  [['-p', 'scripted', '-C', '/x'], /-C names the folder of a team/, /--working-dir DIR/],
] as const)('new refuses %j before anything is made, with what would be right', async (args, what, right) => {
  const home = folder()
  const { code, stderr } = await troupe(home, ['new', 'shop', ...args])
  expect(code).toBe(2)
  expect(stderr).toMatch(what)
  expect(stderr).toMatch(right)
  expect(readdirSync(home)).toEqual([])
})

test('a default model belongs to the default provider, and goes to no other (agentic-team #38)', async () => {
  const home = folder()
  const run = async (...args: string[]) => await troupe(home, args)
  expect(await run('defaults', 'set', 'model', 'o3')).toMatchObject({ code: 2, stderr: expect.stringContaining('a model belongs to a provider') })
  expect((await run('defaults', 'set', 'provider', 'codex')).code).toBe(0)
  expect((await run('defaults', 'set', 'model', 'o3')).stdout).toBe('provider  codex\nmodel     o3\n')
  expect(await run('defaults', 'set', 'model', 'opus')).toMatchObject({ code: 2, stderr: expect.stringContaining('codex has no model "opus"') })
  expect((await run('defaults', 'set', 'provider', 'claude')).stdout).toBe('provider  claude\n')
  expect(await run('defaults', 'set', 'provider', 'grok')).toMatchObject({ code: 2, stderr: expect.stringContaining('claude, codex, gemini, opencode') })
})

test('defaults that cannot be understood are named with their file, not guessed (agentic-team #16)', async () => {
  const home = folder()
  mkdirSync(join(home, '.troupe'))
  writeFileSync(join(home, '.troupe/defaults.json'), '{"provider": 3, "extra": 1}')
  const { code, stderr } = await troupe(home, ['new', 'shop'])
  expect(code).toBe(2)
  expect(stderr).toMatch(/defaults\.json cannot be understood: .*provider/)
  expect(stderr).not.toMatch(/^\s+at /m)
})

test('the home of teams is TROUPE_HOME, else below XDG_DATA_HOME, else ~/.troupe', async () => {
  const home = agenticHome()
  const roots = async (env: Record<string, string>): Promise<string[]> => {
    await troupe(home, ['import', 'agentic-team', '-q'], { env })
    return (JSON.parse((await troupe(home, ['list', '--json'], { env })).stdout) as { root: string; adHoc: boolean }[]).filter(({ adHoc }) => adHoc).map(({ root }) => root)
  }
  expect(await roots({ TROUPE_HOME: join(home, 'one'), XDG_DATA_HOME: join(home, 'two'), XDG_CONFIG_HOME: join(home, 'c1') })).toEqual([join(home, 'one/teams/my-team')])
  expect(await roots({ XDG_DATA_HOME: join(home, 'two'), XDG_CONFIG_HOME: join(home, 'c2') })).toEqual([join(home, 'two/troupe/teams/my-team')])
  expect(existsSync(join(home, '.troupe/teams'))).toBe(false)
})

test('-T and TEAM_NAME name a team, which is not the current one for that; a name that nobody has is an error', async () => {
  const { home, root } = teamFolder()
  const elsewhere = folder()
  const env = { HOME: home }
  await troupe(home, ['context', 'add', 'hello-one', root], { env })
  expect((await troupe(elsewhere, ['-T', 'hel', 'validate'], { env })).stdout).toBe('ok · 1 project · 2 agents\n')
  expect((await troupe(elsewhere, ['validate'], { env: { ...env, TEAM_NAME: 'hello-one' } })).code).toBe(0)
  expect(await troupe(elsewhere, ['-T', 'nobody', 'validate'], { env })).toMatchObject({ code: 4, stderr: expect.stringContaining('there is no team "nobody", named by -T') })
  expect(await troupe(elsewhere, ['-T', 'hello-one', '-C', root, 'validate'], { env })).toMatchObject({ code: 2 })
  await troupe(home, ['context', 'add', 'hello-two', root], { env })
  expect(await troupe(elsewhere, ['-T', 'hello', 'validate'], { env })).toMatchObject({ code: 4, stderr: expect.stringContaining('hello-one, hello-two') })
})

test('one word that is neither a command nor anybody’s to hear says both', async () => {
  expect(await troupe(folder(), ['xyzzyx'])).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no command "xyzzyx", and no team here') })
  expect(await troupe(folder(), ['two words'])).toMatchObject({ code: 2, stderr: expect.stringContaining('no team here') })
})

test('the version is that of the package (agentic-team #24)', async () => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string }
  expect((await troupe(folder(), ['--version'])).stdout).toBe(`${version}\n`)
})
