import { changeContexts } from '../../config/change-contexts.ts'
import { contextsFile, readContexts } from '../../config/contexts.ts'
import { findNamed, namedTeams } from '../../config/named-teams.ts'
import { TroupeError } from '../../core/error.ts'
import { stateOf } from '../adhoc/states.ts'
import { takeAway } from '../adhoc/take-away.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { escapeLine } from '../text.ts'

/** Every team that has a name, with what it does now. Starts nothing. */
export async function list({ out, env }: Cli): Promise<void> {
  const current = readContexts(contextsFile(env)).current
  const done = out.progress('asking the teams')
  const rows = await Promise.all(
    namedTeams(env).map(async (team) => ({ name: team.name, current: team.name === current, ...(await stateOf(team)), adHoc: team.adHoc, root: team.root })),
  ).finally(done)
  out.show(rows, () => {
    if (rows.length === 0) return out.line('(no teams)')
    const paint = { running: out.color.green, stopped: out.color.dim, missing: out.color.red }
    out.table(
      [{ head: 'CURRENT' }, { head: 'NAME' }, { head: 'PROVIDER' }, { head: 'STATE' }, { head: 'ROOT', least: 20 }],
      rows.map((row) => [row.current ? '*' : '', { text: row.name, paint: out.color.bold }, row.provider ?? '-', { text: row.state, paint: paint[row.state] }, row.root]),
    )
  })
  if (rows.length === 0) out.say('Try: troupe new NAME')
}

/** The team that commands go to from now on, where no other is named or found upwards. */
export async function use(cli: Cli, given: Given): Promise<void> {
  const { name, root } = findNamed(cli.env, given.required('team'), 'the command line')
  changeContexts(cli.env, ({ roots }) => ({ current: name, roots: new Map(roots).set(name, root) }))
  cli.out.show({ name, root }, () => cli.out.say(`Where no other team is named or found upwards, commands go to ${name} (${root}).`))
}

/** Only what `new` made: the files of any other team are a person's own. */
export async function remove(cli: Cli, given: Given): Promise<void> {
  const team = findNamed(cli.env, given.required('team'), 'the command line')
  const { name, root } = team
  if (!team.adHoc) throw new TroupeError('usage', `${name} was not made by troupe new: its files in ${root} are yours`, { hint: `troupe context rm ${name} forgets the name alone` })
  const { state } = await stateOf(team)
  if (!given.flag('yes')) await agreed(cli, name, state === 'running')
  await cli.useRoot(root)
  await takeAway(cli, root)
  changeContexts(cli.env, ({ current, roots }) => {
    const left = new Map([...roots].filter(([, at]) => at !== root))
    return { current: current !== null && left.has(current) ? current : null, roots: left }
  })
  cli.out.show({ name, root, was: state }, () => cli.out.say(`The team ${name} is gone, with its mail and its logs.${state === 'running' ? ' It was running.' : ''}`))
}

async function agreed({ out, stdin }: Cli, name: string, running: boolean): Promise<void> {
  const what = `the team ${name}${running ? ', which is running,' : ''} with its mail and its logs`
  if (stdin().isTTY !== true || out.json) throw new TroupeError('usage', `${what} would be removed for good, and there is nobody to ask`, { hint: `troupe delete ${name} -y` })
  const { confirm, isCancel } = await import('@clack/prompts')
  const sure = await confirm({ message: `Remove ${escapeLine(what)} for good?`, output: process.stderr })
  if (isCancel(sure) || !sure) throw new TroupeError('failed', 'nothing was removed', { hint: `troupe -T ${name} down only ends it` })
}

