import { existsSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { teamPaths } from '../../config/paths.ts'
import { TroupeError } from '../../core/error.ts'
import { stillRunning } from '../../supervisors/index.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { listens } from '../listens.ts'
import { putBack } from '../restore/put-back.ts'
import { readBackup } from '../restore/read-backup.ts'
import { count, escapeLine, thousands } from '../text.ts'

export async function backup(cli: Cli, given: Given): Promise<void> {
  const { out } = cli
  const [to, withEnv] = [resolve(cli.cwd, given.required('folder')), given.flag('withEnv')]
  const done = await cli.call('backup', { to, withEnv }, 'copying the team')
  out.show({ ...done, to }, () => out.line(`backup · ${count(done.files, 'file')}, ${thousands(done.bytes)} bytes → ${escapeLine(to)}`))
  for (const path of done.outside) out.warn(`${escapeLine(path)} is not in it: the team’s files name it, and it lies outside of the root`)
  out.say(withEnv ? 'It holds the secrets of .env: keep it as you keep those.' : 'Secrets are not in it: .env stays where it is (--with-env takes it along).')
}

export async function restore(cli: Cli, given: Given): Promise<void> {
  const { out } = cli
  const folder = resolve(cli.cwd, given.required('folder'))
  const found = await readBackup(folder)
  const to = given.text('to')
  const root = to === undefined ? found.root : resolve(cli.cwd, to)
  await refuseRunning(root)
  if (existsSync(root)) await refuseAgents(cli, realpathSync(root))
  const force = given.flag('force')
  if (!force && existsSync(root)) refuseFull(root)
  const aside = await putBack(folder, found, root)
  out.show({ root, files: found.files.length, aside }, () => out.line(`restore · ${count(found.files.length, 'file')} of ${new Date(found.at).toISOString()} → ${escapeLine(root)}`))
  if (aside !== null) out.say(`What was there before is in ${aside}.`)
  if (!found.withEnv) out.say('Secrets were not in it: see that .env is there before troupe up.')
}

async function refuseRunning(root: string): Promise<void> {
  const found = await listens(teamPaths(root).operatorSocket)
  if (found === 'no') return
  const how = found === 'mute' ? ', and does not answer' : ''
  throw new TroupeError('conflict', `a daemon runs on ${root}${how}`, { hint: `troupe -C ${root} down, then restore` })
}

/** They outlive a daemon. Without the state that is to be set aside no daemon would find them: they would work on beside their successors. */
async function refuseAgents({ env }: Cli, root: string): Promise<void> {
  const { tmuxSocket } = teamPaths(root)
  const agents = await stillRunning(root, tmuxSocket, Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)))
  if (agents.length === 0) return
  throw new TroupeError('conflict', `agents of ${root} run, without a daemon: ${agents.join(', ')}`, {
    hint: `troupe -C ${root} down, then restore; where no daemon starts there, tmux -S ${tmuxSocket} kill-server ends them`,
    facts: { agents },
  })
}

function refuseFull(root: string): void {
  const there = ['state', 'team-compose.yaml'].find((name) => existsSync(resolve(root, name)))
  if (there === undefined) return
  throw new TroupeError('conflict', `${root} holds a team already (${there})`, { hint: '--to ANOTHER-FOLDER, or --force, which sets what is there aside and removes nothing' })
}
