import { existsSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { checkTeamName, defaultMaxWorkers, type AdHocTeam } from '../../config/ad-hoc.ts'
import { defaultsFile, readDefaults, type Defaults } from '../../config/defaults.ts'
import { hostOf } from '../../config/environment.ts'
import { adHocTeams, namedTeams } from '../../config/named-teams.ts'
import { systemClock } from '../../core/clock.ts'
import { TroupeError } from '../../core/error.ts'
import { didYouMean } from '../../core/nearest.ts'
import type { Mode, PermissionMode } from '../../core/team.ts'
import { notAModel, probeProviders, providerNamed, providers, runtimeNames, type Provider, type ProviderHealth } from '../../runtimes/index.ts'
import { probeSupervisor, supervisorNames } from '../../supervisors/index.ts'
import { examplePath } from '../../util/programs.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'

/** A team as it was asked for, checked as far as that can be done before anything is made. */
export interface Wish {
  team: AdHocTeam
  provider: Provider
  /** Why this provider. */
  because: string
}

/** Everything that can be refused is refused here: so far nothing was written, and nothing runs. */
export async function wishOf(cli: Cli, given: Given): Promise<Wish> {
  const name = given.text('name') ?? given.text('dir') ?? ''
  checkTeamName(name)
  checkFree(cli, name)
  const defaults = readDefaults(defaultsFile(cli.env))
  const cwd = folderOf(cli, given)
  if (given.flag('worktree')) checkRepository(cwd)
  const rehearsal = scenarioOf(cli, given)
  const permissionMode = permissionOf(given.text('permissions') ?? defaults.permissions ?? 'auto')
  await probeSupervisor(supervisorNames.default, environmentOf(cli)) // throws what to install
  const { provider, because } = await providerOf(cli, given, defaults, rehearsal !== null)
  const model = modelOf(provider, given.text('model'), defaults)
  const workerMode = workerModeOf(given.text('workerMode') ?? defaults.worker_mode ?? 'interactive', provider)
  const maxWorkers = given.count('maxWorkers') ?? defaults.max_workers ?? defaultMaxWorkers
  if (maxWorkers > 1000) throw new TroupeError('usage', `--max-workers ${maxWorkers} is more than 1000`, { hint: `--max-workers ${defaultMaxWorkers}` })
  return { team: { name, runtime: provider.runtime, model, permissionMode, workerMode, maxWorkers, worktrees: given.flag('worktree'), cwd, rehearsal }, provider, because }
}

function checkFree({ env }: Cli, name: string): void {
  const taken = namedTeams(env).find((team) => team.name.toLowerCase() === name.toLowerCase())
  if (taken === undefined) return
  const ours = adHocTeams(env).some((team) => team.name === taken.name)
  throw new TroupeError('conflict', `there is a team "${taken.name}" already, in ${taken.root}`, {
    hint: ours ? `troupe -T ${taken.name} up starts it, troupe delete ${taken.name} takes it away` : `another name; troupe context rm ${taken.name} forgets that one’s`,
    facts: { name, root: taken.root },
  })
}

function folderOf({ cwd }: Cli, given: Given): string {
  const named = given.text('workingDir') ?? given.text('cwd')
  if (named !== undefined && given.text('workingDir') !== undefined && given.text('cwd') !== undefined) throw new TroupeError('usage', '--working-dir and --cwd are the same', { hint: 'give one of them' })
  const folder = resolve(cwd, named ?? '.')
  const found = statSync(folder, { throwIfNoEntry: false })
  if (found?.isDirectory() === true) return folder
  throw new TroupeError('usage', `the working directory ${folder} ${found === undefined ? 'does not exist' : 'is not a folder'}`, { hint: 'make it, or name another: --working-dir DIR', facts: { folder } })
}

/** Workers could have no worktree of it: better said now than with each of them. */
function checkRepository(folder: string): void {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return
    if (at === dirname(at)) throw new TroupeError('usage', `${folder} lies in no git repository, so that workers can have no worktrees of it`, { hint: 'git init there, or leave --worktree out', facts: { folder } })
  }
}

/** A path is taken from where the person stands; a bare word is the name of a scenario that ships with troupe. */
function scenarioOf({ cwd }: Cli, given: Given): string | null {
  const named = given.text('rehearsal')
  if (named === undefined) return null
  const path = /[/\\]|\.ya?ml$/.test(named)
  const file = path ? resolve(cwd, named) : examplePath(`scenarios/${named}.yaml`)
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new TroupeError('usage', `there is no scenario "${named}"`, { hint: 'the name of one that ships with troupe, such as hello, or the path of a file', facts: { scenario: named } })
  }
  return path ? file : named
}

const permissionWords: Readonly<Record<string, PermissionMode>> = {
  plan: 'plan', confirm: 'confirm', manual: 'manual', auto: 'auto', bypass: 'bypass', default: 'manual', 'dangerously-skip-permissions': 'bypass',
}

export function permissionOf(word: string): PermissionMode {
  return wordOf(permissionWords, word, 'permission mode', '--permissions')
}

const modeWords: Readonly<Record<string, Mode>> = { interactive: 'terminal', terminal: 'terminal', oneshot: 'oneshot', protocol: 'protocol' }

/** Without a provider only the word itself is checked. */
export function workerModeOf(word: string, provider: Provider | null): Mode {
  const mode = wordOf(modeWords, word, 'worker mode', '--worker-mode')
  if (provider === null) return mode
  const { name, runtime } = provider
  const can = runtimeNames.modes[runtime] ?? ['terminal']
  if (can.includes(mode)) return mode
  throw new TroupeError('usage', `${name} has no worker mode ${word} in this version`, { hint: `--worker-mode ${can.join(' or ')}`, facts: { provider: name, modes: can } })
}

function wordOf<T>(words: Readonly<Record<string, T>>, word: string, what: string, flag: string): T {
  const found = Object.hasOwn(words, word) ? words[word] : undefined
  if (found !== undefined) return found
  throw new TroupeError('usage', `there is no ${what} "${word}"`, { hint: `${flag} ${Object.keys(words).join('|')}`, facts: { word, valid: Object.keys(words) } })
}

/** A default model belongs to the default provider, and goes to no other. */
function modelOf(provider: Provider, named: string | undefined, defaults: Defaults): string | null {
  const model = named ?? (providerNamed(defaults.provider ?? '')?.name === provider.name ? defaults.model : undefined)
  if (model === undefined) return null
  checkModel(provider, model)
  return model
}

export function checkModel({ name, runtime }: Provider, model: string): void {
  const such = notAModel(runtime, model)
  if (such === null) return
  throw new TroupeError('usage', `${name} has no model "${model}"`, { hint: `--model: ${such}`, facts: { provider: name, model, valid: such } })
}

export function providerOrThrow(name: string): Provider {
  const found = providerNamed(name)
  if (found !== undefined) return found
  const names = providers.map((each) => each.name)
  throw new TroupeError('usage', `there is no provider "${name}"`, { hint: didYouMean(name, names, 'providers'), facts: { provider: name, valid: names } })
}

/** The one that was named, else the default, else the only one that can be used here. */
async function providerOf(cli: Cli, given: Given, defaults: Defaults, rehearses: boolean): Promise<{ provider: Provider; because: string }> {
  const named = given.text('provider')
  const chosen = named ?? defaults.provider
  if (chosen === undefined) return await onlyViable(cli)
  const provider = providerOrThrow(chosen)
  const because = named === undefined ? 'by your defaults' : 'named'
  const [health] = await probed(cli, [provider])
  // Who rehearses needs no account: the scripted model answers.
  if (health !== undefined && !health.viable && !(rehearses && health.installed && health.authenticated === false)) {
    throw new TroupeError('failed', `${provider.name} cannot be used here: ${health.why ?? ''}`, { hint: health.fix ?? 'troupe doctor', facts: { provider: provider.name, why: health.why } })
  }
  return { provider, because }
}

async function onlyViable(cli: Cli): Promise<{ provider: Provider; because: string }> {
  const found = await probed(cli, providers)
  const viable = found.filter((each) => each.viable)
  const [only, ...others] = viable
  if (only !== undefined && others.length === 0) return { provider: providerOrThrow(only.provider), because: 'the only one that can be used here' }
  const message = only === undefined ? 'no provider can be used here' : `${viable.length} providers can be used here, and nothing says which`
  throw new TroupeError('usage', [`${message}:`, ...found.map((each) => `  ${lineOf(each)}`)].join('\n'), {
    hint: only === undefined ? 'install one or log in, or rehearse without: --rehearsal hello -p scripted' : `-p ${viable.map((each) => each.provider).join(' or -p ')}, or once and for all: troupe defaults set provider ${only.provider}`,
    facts: { providers: found },
  })
}

function lineOf({ provider, version, viable, why, fix }: ProviderHealth): string {
  return viable ? `${provider} ${version ?? ''}`.trimEnd() : `${provider}: ${why ?? ''}${fix === null ? '' : ` (${fix})`}`
}

export async function probed(cli: Cli, asked: readonly Provider[]): Promise<ProviderHealth[]> {
  const done = cli.out.progress('looking for agent CLIs')
  return await probeProviders(hostOf(environmentOf(cli), systemClock), asked).finally(done)
}

function environmentOf({ env }: Cli): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
