import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { changeContexts } from '../../config/change-contexts.ts'
import { contextsFile, readContexts, type Contexts } from '../../config/contexts.ts'
import { namedRoot, rootAbove } from '../../config/discover.ts'
import { composeFile } from '../../config/paths.ts'
import { TroupeError } from '../../core/error.ts'
import { didYouMean } from '../../core/nearest.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { count } from '../text.ts'

/** Typed in shells, and a key of a JSON object. */
const nameForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

export async function ls({ out, env }: Cli): Promise<void> {
  const contexts = readContexts(contextsFile(env))
  const rows = [...contexts.roots].map(([name, root]) => ({ name, root, current: name === contexts.current, state: holdsTeam(root) ? 'ok' : 'missing' }))
  out.show(rows, () => {
    if (rows.length === 0) return out.line('(no contexts)')
    out.table(
      [{ head: 'CURRENT' }, { head: 'NAME' }, { head: 'STATE' }, { head: 'ROOT', least: 20 }],
      rows.map((row) => [row.current ? '*' : '', { text: row.name, paint: out.color.bold }, { text: row.state, paint: row.state === 'ok' ? out.color.green : out.color.red }, row.root]),
    )
  })
}

export async function current({ out, env }: Cli): Promise<void> {
  const { current: name, roots } = readContexts(contextsFile(env))
  const root = name === null ? undefined : roots.get(name)
  if (name === null || root === undefined) throw new TroupeError('failed', 'there is no current context', { hint: 'troupe context use NAME; troupe context ls shows them' })
  out.show({ name, root, state: holdsTeam(root) ? 'ok' : 'missing' }, () => {
    out.line(name)
    out.say(holdsTeam(root) ? root : `${root} holds no team any more`)
  })
}

export async function use(cli: Cli, given: Given): Promise<void> {
  const wanted = given.required('context')
  const contexts = changeContexts(cli.env, (found) => ({ ...found, current: known(found, wanted) }))
  const name = contexts.current ?? wanted
  const root = contexts.roots.get(name) ?? ''
  cli.out.show({ name, root }, () => cli.out.say(`Where no other team is named or found upwards, commands go to ${name} (${root}).`))
  if (!holdsTeam(root)) cli.out.warn(`${root} holds no ${composeFile}`)
}

export async function add(cli: Cli, given: Given): Promise<void> {
  if (given.flag('fromTeamctl')) return takeOver(cli)
  const name = given.text('name')
  if (name === undefined) throw new TroupeError('usage', 'the name of the context is missing', { hint: 'troupe context add NAME [DIR]' })
  if (!nameForm.test(name)) throw new TroupeError('usage', `"${name}" cannot be the name of a context`, { hint: 'letters, digits, . _ and -, at most 64' })
  const dir = given.text('dir')
  const root = dir !== undefined ? namedRoot(resolve(cli.cwd, dir), 'the command line') : cli.rootGiven ? await cli.root() : rootAbove(cli.cwd)
  const { current: counts } = changeContexts(cli.env, ({ current: now, roots }) => {
    const before = roots.get(name)
    if (before !== undefined && before !== root) throw new TroupeError('conflict', `the context ${name} is there already, for ${before}`, { hint: `another name, or troupe context rm ${name}` })
    return { current: now ?? name, roots: new Map(roots).set(name, root) }
  })
  cli.out.show({ name, root, current: counts === name }, () => cli.out.say(`${name} is ${root}${counts === name ? ', and the current context' : `. Try: troupe context use ${name}`}`))
}

export async function rm(cli: Cli, given: Given): Promise<void> {
  const name = given.required('context')
  changeContexts(cli.env, (found) => {
    const roots = new Map(found.roots)
    roots.delete(known(found, name))
    return { current: found.current === name ? null : found.current, roots }
  })
  cli.out.show({ name }, () => cli.out.say(`${name} is forgotten; its files are as they were.`))
}

/** Names that are taken stay as they are. What teamctl calls current becomes so where nothing is yet. */
function takeOver(cli: Cli): void {
  const file = contextsFile(cli.env, 'teamctl')
  if (!existsSync(file)) throw new TroupeError('unknown', `${file} is not there`, { hint: 'troupe context add NAME DIR', facts: { file } })
  const theirs = readContexts(file)
  const good: { name: string; root: string }[] = []
  for (const [name, written] of theirs.roots) {
    const root = rootIn(written)
    if (root === null) cli.out.warn(`${name} was left out: ${written} holds no ${composeFile}`)
    else if (!nameForm.test(name)) cli.out.warn(`"${name}" was left out: a context cannot have that name`)
    else good.push({ name, root })
  }
  let added = good
  changeContexts(cli.env, (found) => {
    added = good.filter(({ name }) => !found.roots.has(name))
    const wanted = found.current ?? theirs.current
    const roots = new Map([...found.roots, ...added.map(({ name, root }): [string, string] => [name, root])])
    return { current: wanted !== null && roots.has(wanted) ? wanted : null, roots }
  })
  cli.out.show(added, () => cli.out.say(`Took ${count(added.length, 'context')} over from ${file}.`))
}

function rootIn(folder: string): string | null {
  return [folder, join(folder, '.team')].find(holdsTeam) ?? null
}

function holdsTeam(root: string): boolean {
  return existsSync(join(root, composeFile))
}

function known({ roots }: Contexts, name: string): string {
  if (roots.has(name)) return name
  throw new TroupeError('unknown', `there is no context "${name}"`, { hint: didYouMean(name, [...roots.keys()], 'contexts'), facts: { name } })
}
