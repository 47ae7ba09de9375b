import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { SetupError } from './say.mjs'
import { npm, npmHint, runStep } from './step.mjs'

/** The agent CLIs that tests use, pinned. `platform` names the packages that hold the binary; the main package only links it. */
const clis = [{ name: 'claude', package: '@anthropic-ai/claude-code', version: '2.1.329', platform: 'claude-code-', program: 'claude' }]

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
  const holder = readdirSync(scope).find((name) => name.startsWith(cli.platform) && existsSync(join(scope, name, cli.program)))
  if (holder === undefined) {
    throw new SetupError(
      `set-up failed: ${cli.package} ${cli.version} has no program for ${process.platform} ${process.arch}`,
      `looked for ${cli.platform}*/${cli.program} in ${scope}`,
      'run the tests on a platform that the CLI supports',
    )
  }
  const fresh = `${link(root, cli)}.${process.pid}`
  symlinkSync(join('..', 'node_modules', cli.package, '..', holder, cli.program), fresh)
  renameSync(fresh, link(root, cli))
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
