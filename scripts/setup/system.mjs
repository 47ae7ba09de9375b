import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { say, SetupError } from './say.mjs'
import { runStep } from './step.mjs'

/**
 * What the system must hold for a task. `found` looks without starting anything.
 * @type {{ what: string, tasks: string[], apt: string, brew: string, found: () => boolean }[]}
 */
const table = [
  { what: 'tmux', tasks: ['test', 'demo', 'bench'], apt: 'tmux', brew: 'tmux', found: () => onPath('tmux') },
  { what: 'git', tasks: ['test'], apt: 'git', brew: 'git', found: () => onPath('git') },
  { what: 'zsh', tasks: ['test'], apt: 'zsh', brew: 'zsh', found: () => onPath('zsh') },
  { what: 'fish', tasks: ['test'], apt: 'fish', brew: 'fish', found: () => onPath('fish') },
  { what: 'strace', tasks: ['test', 'bench'], apt: 'strace', brew: '', found: () => process.platform !== 'linux' || onPath('strace') },
  { what: 'libfaketime', tasks: ['test'], apt: 'faketime', brew: '', found: () => process.platform !== 'linux' || onPath('faketime') },
  { what: 'PostgreSQL 15 or newer', tasks: ['test'], apt: 'postgresql', brew: 'postgresql@15', found: postgres },
]

export function systemMissing(task) {
  return table.filter((row) => row.tasks.includes(task) && !row.found())
}

/** Installs through apt when root; otherwise says what to install. */
export function installSystem(missing, task) {
  const names = missing.map((row) => row.what).join(', ')
  const apt = missing.map((row) => row.apt)
  if (process.platform === 'darwin') {
    throw new SetupError(`\`${task}\` needs: ${names}`, '', `brew install ${missing.map((row) => row.brew).join(' ')}`)
  }
  if (!onPath('apt-get') || process.getuid?.() !== 0) {
    const how = onPath('apt-get') ? `sudo apt-get install ${apt.join(' ')}` : `install with your system's packages: ${names}`
    throw new SetupError(`\`${task}\` needs: ${names}`, '', how)
  }
  say(`set-up: the system lacks ${names}`)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const hint = `check that the package servers can be reached, or install by hand: ${names}`
  runStep({ what: 'package lists', argv: ['apt-get', 'update', '-q'], cwd: '/', hint, env })
  runStep({ what: names, argv: ['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...apt], cwd: '/', hint, env })
  const still = missing.filter((row) => !row.found())
  if (still.length === 0) return
  throw new SetupError(`apt installed ${apt.join(' ')}, but these are still missing: ${still.map((row) => row.what).join(', ')}`, '', hint)
}

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, program)))
}

/** Debian keeps the server's programs off PATH. */
function postgres() {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : []
  return onPath('initdb') || versions.some((version) => Number(version) >= 15 && existsSync(`/usr/lib/postgresql/${version}/bin/initdb`))
}
