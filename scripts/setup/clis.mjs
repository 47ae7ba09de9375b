import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { SetupError } from './say.mjs'
import { npm, npmHint, runStep } from './step.mjs'

/**
 * The agent CLIs that tests use, pinned. `program` is the file that runs, below the package `in`, or below the first of the
 * platform's packages beside it: what the main package would link to in an install script, which is not run. `runtime` is
 * the word of a team's files; src/runtimes/seen.ts names the same versions.
 */
const clis = [
  { name: 'claude', runtime: 'claude-code', package: '@anthropic-ai/claude-code', version: '2.1.329', in: 'claude-code-', program: 'claude' },
  { name: 'codex', runtime: 'codex', package: '@openai/codex', version: '0.169.0', in: 'codex-', program: 'vendor/*/bin/codex' },
  { name: 'gemini', runtime: 'gemini', package: '@google/gemini-cli', version: '0.61.0', in: 'gemini-cli', program: 'bundle/gemini.js' },
  { name: 'opencode', runtime: 'opencode', package: 'opencode-ai', version: '1.18.33', in: 'opencode-', program: 'bin/opencode' },
]

export function clisMissing(root) {
  return clis.some((cli) => !existsSync(link(root, cli)) || installedVersion(root, cli) !== cli.version)
}

/** `.clis/bin`, to go on PATH: one link for each CLI to the binary of its platform package. */
export function clisFolder(root) {
  return join(root, '.clis', 'bin')
}

export function installClis(root) {
  const store = join(root, '.clis')
  mkdirSync(clisFolder(root), { recursive: true })
  const specs = clis.map((cli) => `${cli.package}@${cli.version}`)
  const argv = npm('install', '--no-save', '--global=false', '--prefix', store, ...specs)
  runStep({ what: 'agent CLIs for tests', argv, cwd: store, hint: npmHint })
  for (const cli of clis) linkProgram(root, cli)
}

function linkProgram(root, cli) {
  const scope = join(root, '.clis', 'node_modules', cli.package, '..')
  const holders = readdirSync(scope).filter((name) => name.startsWith(cli.in) && fits(name))
  const program = holders.flatMap((name) => programsIn(scope, join(name, cli.program)))[0]
  if (program === undefined) {
    throw new SetupError(
      `set-up failed: ${cli.package} ${cli.version} has no program for ${process.platform} ${process.arch}`,
      `looked for ${cli.in}*/${cli.program} in ${scope}`,
      'run the tests on a platform that the CLI supports',
    )
  }
  const fresh = `${link(root, cli)}.${process.pid}`
  symlinkSync(join('..', 'node_modules', cli.package, '..', program), fresh)
  renameSync(fresh, link(root, cli))
}

/** Builds of other platforms can lie beside ours, and builds for processors that can less. */
function fits(name) {
  return !/-(linux|darwin|windows|win32)-/.test(name) || name.includes(`-${process.platform}-${process.arch}`)
}

/** `*` in a path stands for the one folder there is. */
function programsIn(scope, path) {
  const [before, after] = path.split('/*/')
  const folders = after === undefined ? [''] : existsSync(join(scope, before)) ? readdirSync(join(scope, before)) : []
  const found = after === undefined ? [path] : folders.map((name) => join(before, name, after))
  return found.filter((file) => existsSync(join(scope, file)))
}

function link(root, cli) {
  return join(clisFolder(root), cli.name)
}

function installedVersion(root, cli) {
  try {
    const lock = JSON.parse(readFileSync(join(root, '.clis', 'node_modules', '.package-lock.json'), 'utf8'))
    return lock.packages[`node_modules/${cli.package}`]?.version
  } catch {
    return undefined // not installed, or not to the end
  }
}
