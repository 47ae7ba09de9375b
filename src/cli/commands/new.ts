import { adHocFiles, placeTeam } from '../../config/ad-hoc.ts'
import { changeContexts } from '../../config/change-contexts.ts'
import { aboveOrNull } from '../../config/discover.ts'
import { TroupeError } from '../../core/error.ts'
import { takeAway } from '../adhoc/take-away.ts'
import { wishOf, type Wish } from '../adhoc/wish.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { pairs } from '../table.ts'
import { watchChanges } from './up.ts'
import { settled } from './lifecycle.ts'

/** A team from one command line: checked, made all at once, brought up; taken away again where its lead does not come up. */
export async function create(cli: Cli, given: Given): Promise<number> {
  if (given.text('root') !== undefined) {
    throw new TroupeError('usage', '-C names the folder of a team, and a new one gets its own', { hint: 'for the folder to work in: --working-dir DIR' })
  }
  const wish = await wishOf(cli, given)
  const { name } = wish.team
  const root = placeTeam(cli.env, name, adHocFiles(wish.team))
  await cli.useRoot(root)
  const code = await start(cli, given.duration('timeout') ?? 120_000).catch(async (error: unknown) => {
    await undo(cli, root, name)
    throw error
  })
  if (code !== 0) {
    await undo(cli, root, name)
    return code
  }
  changeContexts(cli.env, ({ roots }) => ({ current: name, roots: new Map(roots).set(name, root) }))
  tell(cli, wish, root)
  return 0
}

async function start(cli: Cli, timeoutMs: number): Promise<number> {
  const { environmentOf } = await import('../team-files.ts')
  const env = environmentOf(await cli.root(), cli)
  const stopWatching = watchChanges(cli, false)
  const result = await cli.call('up', { agents: [], env, timeoutMs }, 'bringing up the lead').finally(stopWatching)
  if (result.ok) for (const notice of result.notices) cli.out.warn(notice)
  return result.ok ? 0 : settled(cli, result)
}

/** Nothing of the team is left: no process, no folder. Where even that fails, the team stays for people to end. */
async function undo(cli: Cli, root: string, name: string): Promise<void> {
  try {
    await takeAway(cli, root)
    cli.out.trouble(`The team ${name} did not come up and was taken away again.`)
  } catch (error) {
    // What went wrong first is told by the caller.
    cli.out.warn(`the team ${name} could not be taken away again (${error instanceof Error ? error.message : String(error)}). Try: troupe delete ${name} -y`)
  }
}

function tell(cli: Cli, { team, provider, because }: Wish, root: string): void {
  const { out } = cli
  const { name, model, cwd, permissionMode, workerMode, maxWorkers, rehearsal } = team
  const facts = { name, root, provider: provider.name, runtime: team.runtime, model, permissions: permissionMode, workerMode, maxWorkers, worktree: team.worktrees, cwd, rehearsal, current: true }
  out.show(facts, () => {
    const rows: [string, string][] = [
      ['Team', name],
      ['Provider', `${provider.name} (${because})`],
      ['Model', model ?? 'as the provider has it'],
      ['Permissions', permissionMode],
      ['Workers', `at most ${maxWorkers} at a time, ${workerMode === 'terminal' ? 'interactive' : workerMode}${team.worktrees ? ', each in a git worktree' : ''}`],
      ['Works in', cwd],
      ['Files', root],
      ...(rehearsal === null ? [] : [['Rehearsal', rehearsal] as [string, string]]),
    ]
    pairs(rows, out.color.dim).forEach((line) => out.line(line))
  })
  if (team.runtime === 'scripted' && rehearsal === null) out.warn('troupe’s own agent has no model: without a scenario it reads what it is told, and does nothing. With one: --rehearsal hello')
  const here = aboveOrNull(cli.cwd)
  if (here !== null && here !== root) out.warn(`this folder has a team of its own, ${here}: from here say -T ${name}`)
  out.say(`Try: troupe ${here !== null && here !== root ? `-T ${name} ` : ''}"what you want done", troupe status, troupe attach lead`)
}
