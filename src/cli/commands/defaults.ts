import { changeDefaults, defaultKeys, defaultsFile, readDefaults, type Defaults } from '../../config/defaults.ts'
import { TroupeError } from '../../core/error.ts'
import { nearest } from '../../core/nearest.ts'
import { checkModel, permissionOf, providerOrThrow, workerModeOf } from '../adhoc/wish.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { pairs } from '../table.ts'

type Key = (typeof defaultKeys)[number]

export async function show(cli: Cli): Promise<void> {
  const file = defaultsFile(cli.env)
  tell(cli, readDefaults(file))
  cli.out.say(file)
}

export async function set(cli: Cli, given: Given): Promise<void> {
  const key = keyOf(given.required('key'))
  const value = given.required('value')
  tell(cli, changeDefaults(cli.env, (before) => changed(before, key, value, given.as('maxWorkers', value))))
}

export async function unset(cli: Cli, given: Given): Promise<void> {
  const key = keyOf(given.required('key'))
  tell(cli, changeDefaults(cli.env, (before) => ({ ...before, [key]: undefined, ...(key === 'provider' ? { model: undefined } : {}) })))
}

/** Checked as the command line of `new` is: what stands in the file can be taken as it is. */
function changed(before: Defaults, key: Key, value: string, given: Given): Defaults {
  switch (key) {
    case 'provider': {
      const { name } = providerOrThrow(value)
      return name === before.provider ? before : { ...before, provider: name, model: undefined }
    }
    case 'model':
      if (before.provider === undefined) throw new TroupeError('usage', 'a model belongs to a provider, and there is no default one', { hint: 'troupe defaults set provider NAME' })
      checkModel(providerOrThrow(before.provider), value)
      return { ...before, model: value }
    case 'permissions':
      permissionOf(value)
      return { ...before, permissions: value }
    case 'worker_mode':
      workerModeOf(value, before.provider === undefined ? null : providerOrThrow(before.provider))
      return { ...before, worker_mode: value }
    case 'max_workers':
      return { ...before, max_workers: given.count('maxWorkers') ?? 1 }
  }
}

function keyOf(typed: string): Key {
  const word = typed.replaceAll('-', '_')
  const found = defaultKeys.find((each) => each === word)
  if (found !== undefined) return found
  const names = defaultKeys.map(shown)
  throw new TroupeError('usage', `there is no default "${typed}"`, { hint: nearest(typed, names) ?? names.join(', ') })
}

function shown(key: Key): string {
  return key.replaceAll('_', '-')
}

function tell({ out }: Cli, defaults: Defaults): void {
  const said = defaultKeys.flatMap((key): [string, string][] => (defaults[key] === undefined ? [] : [[shown(key), String(defaults[key])]]))
  out.show(Object.fromEntries(defaultKeys.map((key) => [key, defaults[key] ?? null])), () => {
    if (said.length === 0) return out.line('(nothing is set)')
    pairs(said, out.color.dim).forEach((line) => out.line(line))
  })
}
