import { addTo, merged, nothing, type Findings, type Script } from './findings.ts'
import { postsOutside } from './outside.ts'
import { alternatives, mentionsIn } from './sensitive-mentions.ts'
import { commandRules, toolRules, type CommandRule } from './sensitive-rules.ts'
import { assignment, baseName, beginnings, inVariables, within, type Look } from './sensitive-within.ts'
import { parseShell, type ShellCommand, type Word } from './shell.ts'

/** A team's own rule. */
export interface OwnRule {
  action: string
  command: string[] | null
  tool: string | null
}

/** Command lines inside of command lines that are looked at. */
const mostLooks = 100
/** Folders that one line goes to. */
const mostFolders = 8

/** A command line of a shell. */
export function inCommand(text: string, own: readonly OwnRule[] = []): Findings {
  return look(text, rulesOf(own), { left: mostLooks })
}

function look(text: string, rules: readonly CommandRule[], budget: { left: number }): Findings {
  const found = nothing()
  budget.left -= 1
  if (budget.left < 0) return { ...found, readable: false }
  const { commands, targets, complete } = parseShell(text)
  const again = (inner: string): void => addTo(found, look(inner, rules, budget))
  const way = new Way()
  for (const command of commands) {
    const before = found.scripts.length
    examine(command, { found, rules, again })
    for (const script of found.scripts.splice(before)) found.scripts.push(way.from(script))
    way.follow(command)
  }
  const lost = found.scripts.some((script) => script.folders?.includes(null) === true && !script.path.startsWith('/'))
  const made = madeBy(commands, targets)
  if (!complete || lost || commands.some(redefines) || found.scripts.some(({ path }) => made.has(path) || made.has(baseName(path)))) found.readable = false
  if (targets.some((target) => /^\/dev\/(?:tcp|udp)\//.test(target.text))) found.doubtful.add('external_api_post')
  if (!found.readable) for (const action of mentionsIn(text, rules)) found.doubtful.add(action)
  return found
}

/** Of a command line that runs something nobody can see: what it mentions. */
export function unread(text: string, own: readonly OwnRule[] = []): Findings {
  return { ...nothing(), doubtful: new Set(mentionsIn(text, rulesOf(own))), readable: false }
}

function rulesOf(own: readonly OwnRule[]): CommandRule[] {
  return [...commandRules, ...own.flatMap(asCommandRule)]
}

/** A call of a tool that is no shell. */
export function inTool(tool: string, own: readonly OwnRule[] = []): Findings {
  const found = nothing()
  for (const rule of toolRules) if (rule.tool.test(tool)) for (const action of rule.actions) found.sure.add(action)
  for (const rule of own) if (rule.tool !== null && wildcard(rule.tool).test(tool)) found.sure.add(rule.action)
  return found
}

/** The text of a script that is run. */
export function inScript({ kind, entry, code }: Script, text: string, own: readonly OwnRule[] = []): Findings {
  const other = code === true || (text.startsWith('#!') && !/^#!.*sh\b/.test(text))
  if (kind === 'npm') return npmScripts(text, entry, own)
  if (kind === 'make') return inCommand(recipe(text, entry), own)
  // A program of another language says nothing as a shell's.
  return other ? { ...nothing(), doubtful: new Set(mentionsIn(text, rulesOf(own), true)) } : inCommand(text, own)
}

/** How the command lines of these actions begin, for rules of an agent CLI that know beginnings only. */
export function prefixes(actions: readonly string[], own: readonly OwnRule[]): string[] {
  const rules = [...commandRules.filter((rule) => rule.actions.some((action) => actions.includes(action))), ...own.flatMap(asCommandRule)]
  const found = rules.flatMap(({ program, words }) => {
    const programs = alternatives(program).filter((name) => /^[\w.-]+$/.test(name))
    return words.reduce((heads, word) => heads.flatMap((head) => word.split('|').map((next) => `${head} ${next}`)), programs)
  })
  return [...new Set(found)].toSorted()
}

function examine(words: ShellCommand, into: Look): void {
  const { found, rules } = into
  inVariables(words, into)
  for (const begun of beginnings(words, into)) {
    const { program, name, args, here } = begun
    if (!program.plain && here) found.readable = false
    for (const rule of rules) {
      const match = matches(rule, program, name, args)
      if (match !== null) for (const action of rule.actions) found[match].add(action)
    }
    if (postsOutside(name, args)) for (const action of postActions(name, args)) found.sure.add(action)
    within(begun, into)
  }
}

/** What asks a forge to merge or to release is that, by whatever door. */
function postActions(name: string, args: Word[]): string[] {
  const text = args.map((each) => each.text).join(' ')
  const merges = /\/(?:pulls|merge_requests)\/[^/\s]+\/merge\b|\/merges\b|mergePullRequest/.test(text)
  const releases = (name === 'gh' || name === 'glab') && /\/releases\b/.test(text)
  return ['external_api_post', ...(merges ? ['merge_to_main'] : []), ...(releases ? ['release'] : [])]
}

/** Whether its words follow, in order; options may stand between, with a value each: `sure` where every word is plain. */
function matches({ program, words }: CommandRule, word: Word, name: string, args: Word[]): 'sure' | 'doubtful' | null {
  const isProgram = program.test(name)
  if (!isProgram && (word.plain || words.length === 0)) return null
  interface Way {
    place: number
    option: boolean
    plain: boolean
  }
  let ways: Way[] = [{ place: 0, option: false, plain: word.plain && isProgram }]
  let found: 'doubtful' | null = null
  for (const arg of [...args, null]) {
    const over = ways.filter(({ place }) => place === words.length)
    if (over.some(({ plain }) => plain)) return 'sure'
    if (over.length > 0) found = 'doubtful'
    if (arg === null || ways.length === 0) break
    const isOption = arg.text.startsWith('-')
    ways = ways.flatMap(({ place, option, plain }): Way[] => {
      const choice = words[place]
      if (choice === undefined) return []
      if (isOption) return [{ place, option: !arg.text.includes('='), plain }]
      const fits = !arg.plain || choice.split('|').includes(arg.text)
      return [...(fits ? [{ place: place + 1, option: false, plain: plain && arg.plain }] : []), ...(option ? [{ place, option: false, plain }] : [])]
    })
  }
  return found
}

/** The folders that a line has gone to: brackets come back from one, so that each may still be the one. null: one that is not known. */
class Way {
  readonly #folders: (string | null)[] = ['']

  from(script: Script): Script {
    return this.#folders.length === 1 || script.folders !== undefined ? script : { ...script, folders: [...this.#folders] }
  }

  follow(command: ShellCommand): void {
    const [name, ...args] = command.filter(({ text }, at) => at > 0 || !assignment.test(text))
    if (name === undefined || !/^(?:cd|pushd|popd)$/.test(name.text)) return
    const to = args.find(({ text }) => !text.startsWith('-'))
    const last = this.#folders.at(-1)
    if (last === undefined || (last === null && this.#folders.length > mostFolders)) return
    if (to === undefined || !to.plain || this.#folders.length >= mostFolders) return void this.#folders.push(null)
    if (!to.text.startsWith('/') && last !== null && last !== '') this.#folders.push(to.text)
    this.#folders.push(to.text.startsWith('/') ? to.text : last === null ? null : `${last}${last === '' ? '' : '/'}${to.text}`)
  }
}

const makers = /^(?:tee|cp|mv|install|ln|dd|sed|perl|curl|wget|patch|git|base64|xxd|openssl|tar|unzip)$/

/** What the line itself writes, or may: as it is named, and without its folder. It can be what it then runs. */
function madeBy(commands: readonly ShellCommand[], targets: readonly Word[]): ReadonlySet<string> {
  const made = commands.flatMap(([program, ...args]) => (program !== undefined && makers.test(baseName(program.text)) ? args : []))
  return new Set([...targets, ...made].flatMap(({ text }) => [text, baseName(text.slice(text.indexOf('=') + 1))]))
}

function npmScripts(text: string, entry: string | null, own: readonly OwnRule[]): Findings {
  const parsed = jsonOf(text) as { scripts?: Record<string, unknown> } | null
  const scripts = parsed?.scripts ?? {}
  const run = [`pre${entry}`, String(entry), `post${entry}`].map((name) => scripts[name]).filter((each) => typeof each === 'string')
  return merged(run.map((each) => inCommand(each, own)))
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null // npm would not run anything of it either
  }
}

/** The lines below a target, and below those that it names. All of the file where there is no such target. */
function recipe(text: string, target: string | null): string {
  const blocks = text.split(/^(?=[^\s#:=][^:=\n]*:(?!=))/m)
  const of = (name: string): string | undefined => blocks.find((block) => block.slice(0, block.indexOf(':')).split(/\s+/).includes(name))
  const first = target === null ? blocks.find((block) => /^[^\s#.:]/.test(block)) : of(target)
  if (first === undefined) return text
  const needs = (/:(.*)$/m.exec(first)?.[1] ?? '').split(/\s+/).filter((name) => name !== '')
  return [first, ...needs.flatMap((name) => of(name) ?? [])].join('\n').replace(/^.*:.*$/gm, '').replace(/^\t[@-]+/gm, '\t')
}

/** Makes another name mean something: what is called later cannot be told by its words. */
function redefines(words: ShellCommand): boolean {
  const name = words[0]?.text ?? ''
  return name === 'alias' || name === 'function' || name === 'trap' || name === 'hash' || name === 'read' || name === 'mapfile'
}

function asCommandRule({ action, command }: OwnRule): CommandRule[] {
  const [program, ...words] = command ?? []
  return program === undefined ? [] : [{ program: wildcard(program), words, actions: [action] }]
}

function wildcard(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')})$`, 'i')
}
