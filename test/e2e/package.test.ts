import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version

/** The package as npm makes it, installed as `npm i -g` does, without a network and without install scripts. */
describe('the published package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-package-'))
  const prefix = join(folder, 'prefix')
  const program = join(prefix, 'bin', 'troupe')
  const home = join(folder, 'home')
  const npmCache = join(folder, 'cache')
  let files: string[] = []

  beforeAll(async () => {
    mkdirSync(home)
    const packed = await run('npm', ['pack', '--ignore-scripts=false', '--json', '--pack-destination', folder], { cwd: copyOfCheckout(folder) })
    const [made] = JSON.parse(packed.stdout) as { filename: string; files: { path: string }[] }[]
    files = made?.files.map((file) => file.path) ?? []
    const argv = ['install', '-g', '--prefix', prefix, '--ignore-scripts', '--offline', '--cache', npmCache, '--no-audit', '--no-fund']
    await run('npm', [...argv, join(folder, made?.filename ?? '')], { cwd: folder })
  }, 300_000)

  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))

  test('holds the programs and the documents, and nothing that is made or private', () => {
    expect(files).toEqual(expect.arrayContaining(['bin/troupe', 'bin/find-node.mjs', 'dist/troupe.cjs', 'dist/daemon.js', 'LICENSE', 'README.md']))
    expect(files.filter((file) => /node_modules|\/state\/|^(src|test|scripts)\//.test(file))).toEqual([])
  })

  test('needs no other package', () => {
    expect(existsSync(join(prefix, 'lib', 'node_modules', 'troupe', 'node_modules'))).toBe(false)
  })

  test('runs on the Node that is on PATH, if it fits, and keeps the choice', async () => {
    const env = { HOME: home, PATH: [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter) }
    expect((await run(program, ['--version'], { env, cwd: folder })).stdout).toContain(version)
    expect(readFileSync(join(home, '.troupe', 'node', 'path'), 'utf8').trim()).toBe(process.execPath)
    const again = await run(program, ['--version'], { env: { ...env, PATH: '/usr/bin:/bin' }, cwd: folder })
    expect(again.stdout).toContain(version)
    expect(again.stderr).toBe('')
  })

  test('fetches Node 24 where only an older one is there, and says so', async () => {
    const fresh = join(folder, 'fresh-home')
    mkdirSync(fresh)
    const path = join(folder, 'tools')
    mkdirSync(path)
    symlinkSync(await oldNode(folder), join(path, 'node'))
    for (const tool of ['npm', 'readlink']) symlinkSync(onPath(tool), join(path, tool))
    const cache = (await run('npm', ['config', 'get', 'cache'])).stdout.trim()
    const env = { HOME: fresh, PATH: path, npm_config_cache: cache, npm_config_prefer_offline: 'true' }
    const first = await run(program, ['--version'], { env, cwd: folder })
    expect(first.stderr).toContain('fetching Node 24 from npm')
    expect(first.stdout).toContain(version)
    const second = await run(program, ['--version'], { env, cwd: folder })
    expect(second).toMatchObject({ stderr: '', stdout: first.stdout })
  }, 300_000)

  test('says what is missing where there is no Node at all', async () => {
    const real = join(prefix, 'lib', 'node_modules', 'troupe', 'bin', 'troupe')
    const empty = join(folder, 'empty')
    mkdirSync(empty)
    const failed = await run(real, ['ps'], { env: { HOME: empty, PATH: empty }, cwd: folder }).catch((error: unknown) => error)
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('needs Node.js 20 or newer and npm. Try:') as string })
  })
})

/** Packing builds: in a copy, so that nobody who runs from dist/ meanwhile is disturbed. */
function copyOfCheckout(folder: string): string {
  const copy = join(folder, 'checkout')
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] }
  const shipped = files.filter((each) => !each.startsWith('!') && each !== 'dist/')
  for (const each of ['src', 'scripts', 'package.json', 'package-lock.json', '.npmrc', 'LICENSE', 'README.md', ...shipped]) {
    cpSync(join(root, each), join(copy, each), { recursive: true, filter: (source) => !source.endsWith('.team/state') })
  }
  for (const each of ['node_modules', '.node'].filter((made) => existsSync(join(root, made)))) symlinkSync(join(root, each), join(copy, each))
  return copy
}

const pathFolders = () => (process.env['PATH'] ?? '').split(delimiter).filter((each) => each !== '')

function onPath(program: string): string {
  const folder = pathFolders().find((each) => existsSync(join(each, program)))
  if (folder === undefined) throw new Error(`${program} is not on PATH`)
  return join(folder, program)
}

/** A Node that is too old for troupe: the system's, or one from npm. */
async function oldNode(folder: string): Promise<string> {
  for (const each of pathFolders().filter((found) => existsSync(join(found, 'node')))) {
    const { stdout } = await run(join(each, 'node'), ['--version'])
    if (/^v2[0-3]\./.test(stdout)) return join(each, 'node')
  }
  const spec = `node-${process.platform}-${process.arch}`
  await run('npm', ['install', '--no-save', '--ignore-scripts', '--prefix', join(folder, 'old'), `${spec}@20`], { cwd: folder })
  return join(folder, 'old', 'node_modules', spec, 'bin', 'node')
}
