// node scripts/run.mjs test|demo|bench|build|check [-- args]: sets up what the task needs, then runs it on Node 24.
// Plain JavaScript without packages: it runs on Node 20 in a fresh clone.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fetchNode, findNode, nodeStore } from '../bin/find-node.mjs'
import { clisFolder, clisMissing, installClis } from './setup/clis.mjs'
import { distStale } from './setup/dist.mjs'
import { withLock } from './setup/lock.mjs'
import { installPackages, packagesMissing } from './setup/packages.mjs'
import { say, SetupError } from './setup/say.mjs'
import { installSystem, systemMissing } from './setup/system.mjs'

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')
const files = {
  test: 'scripts/test.ts',
  demo: 'scripts/demo.ts',
  bench: 'bench/main.ts',
  build: 'scripts/build.ts',
  check: 'scripts/check.ts',
}

/** Everything the task needs and does not have yet, as steps. */
function missing(task, args) {
  const steps = []
  const system = systemMissing(task)
  if (system.length > 0) steps.push(() => installSystem(system, task))
  if (packagesMissing(root)) steps.push(() => installPackages(root))
  if (findNode(nodeStore(root)) === null) {
    steps.push(installNode)
  }
  if (needsClis(task, args) && clisMissing(root)) steps.push(() => installClis(root))
  return steps
}

function installNode() {
  const started = Date.now()
  say(`set-up: Node 24 into .node (this one is ${process.version}; 190 MB)`)
  fetchNode(nodeStore(root))
  say(`set-up: done in ${((Date.now() - started) / 1000).toFixed(1)} s`)
}

function needsClis(task, args) {
  return task === 'test' || (task === 'demo' && args.includes('--real'))
}

async function main([task = '', ...rest]) {
  const args = rest[0] === '--' ? rest.slice(1) : rest
  const file = Object.hasOwn(files, task) ? files[task] : undefined
  if (file === undefined) {
    say(`usage: node scripts/run.mjs ${Object.keys(files).join('|')} [-- arguments]`)
    return 2
  }
  if (missing(task, args).length > 0) {
    await withLock(root, async () => {
      for (const step of missing(task, args)) step()
    })
  }
  const node = findNode(nodeStore(root))
  const env = { ...process.env, PATH: pathWith(node, task, args) }
  if (['demo', 'bench'].includes(task) && distStale(root)) {
    const code = await run(node, [join(root, files.build)], env)
    if (code !== 0) return code
  }
  return run(node, [join(root, file), ...args], env)
}

function pathWith(node, task, args) {
  const folders = [dirname(node), ...(needsClis(task, args) ? [clisFolder(root)] : []), process.env.PATH ?? '']
  return folders.join(delimiter)
}

/** Passes signals on and the exit code back; a task that was killed gives 128 + the signal, as a shell does. */
function run(node, argv, env) {
  const child = spawn(node, argv, { cwd: root, env, stdio: 'inherit' })
  // A terminal sends Ctrl-C to the whole group: passing it on would make it two.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)))
  })
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  say(error instanceof SetupError ? error.message : `set-up failed: ${error.message}`)
  process.exitCode = 1
}
