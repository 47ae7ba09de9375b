import { findNamed, namedTeams } from '../../config/named-teams.ts'
import { TroupeError } from '../../core/error.ts'
import type { Cli } from '../cli.ts'

/**
 * What `stop` is to end: agents of the team that commands go to, or a whole team, on which `cli` works from then on. One
 * name may be either; where it is both, nobody guesses.
 */
export async function stopsTeam(cli: Cli, names: readonly string[]): Promise<boolean> {
  const [name, ...others] = names
  if (name === undefined) return await isAdHoc(cli)
  if (others.length > 0) return false
  const teams = namedTeams(cli.env).map((team) => team.name)
  if (!teams.some((each) => each.toLowerCase().startsWith(name.toLowerCase()))) return false
  const meaning = meant(name, await agentsHere(cli), teams)
  if (meaning === 'agent') return false
  if (meaning === 'team') await cli.useRoot(findNamed(cli.env, name, 'the command line').root)
  else {
    throw new TroupeError('usage', `"${name}" may be ${meaning.join(' or ')}`, { hint: 'troupe -T TEAM down ends a team, troupe stop PROJECT:AGENT an agent', facts: { name, candidates: meaning } })
  }
  return true
}

/** Whole names before beginnings. Of several, who they are. */
export function meant(name: string, agents: readonly string[], teams: readonly string[]): 'agent' | 'team' | string[] {
  const low = name.toLowerCase()
  const nameOf = (address: string): string => (name.includes(':') ? address : address.slice(address.indexOf(':') + 1))
  const ways: ((each: string) => boolean)[] = [(each) => each === name, (each) => each.toLowerCase() === low, (each) => each.toLowerCase().startsWith(low)]
  for (const fits of ways) {
    const [some, whole] = [agents.filter((each) => fits(nameOf(each))), teams.filter(fits)]
    if (some.length > 0 && whole.length > 0) return [...some.map((each) => `the agent ${each}`), ...whole.map((each) => `the team ${each}`)]
    if (some.length > 0) return 'agent'
    if (whole.length > 0) return 'team'
  }
  return 'agent'
}

/** Only a team from one command line is ended by `stop` alone: whoever wrote the files of one knows `down`. */
async function isAdHoc(cli: Cli): Promise<boolean> {
  const root = await cli.root()
  if (namedTeams(cli.env).some((team) => team.adHoc && team.root === root)) return true
  throw new TroupeError('usage', "missing required argument 'agents'", { hint: 'troupe stop AGENT…, or troupe down for the whole team' })
}

/** None where there is no team here, or no daemon that knows of any. */
async function agentsHere(cli: Cli): Promise<string[]> {
  try {
    return (await cli.running()) ? (await cli.call('ps', {})).map(({ agent }) => agent) : []
  } catch (error) {
    if (error instanceof TroupeError && ['config', 'unknown', 'incompatible'].includes(error.code)) return []
    throw error
  }
}
