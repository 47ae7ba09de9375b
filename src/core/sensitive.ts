import { commandRules, codeMentions, gitWords, toolRules, type CommandRule } from './sensitive-rules.ts'
import { postsOutside } from './outside.ts'
import { parseShell, type ShellCommand, type Word } from './shell.ts'

/** What a call may be. */
export interface Findings {
  /** Names of actions that it is. */
  sure: Set<string>
  /** Names of actions that it mentions in something that cannot be read for certain. */
  doubtful: Set<string>
  /** Scripts that it runs: what they hold counts too. */
  scripts: Script[]
  /** False where it runs something that cannot be told from its words. */
  readable: boolean
}

/** `path` as it was written. `entry`: of a file with several scripts, the one that is run. */
export interface Script {
  path: string
  kind: 'script' | 'npm' | 'make'
  entry: string | null
}

/** A team's own rule. */
export interface OwnRule {
  action: string
  command: string[] | null
  tool: string | null
}

const wrappers = new Set(
  'env sudo doas nohup time command builtin exec nice ionice timeout stdbuf setsid xargs watch find parallel chroot unshare flock script strace ltrace proxychains unbuffer caffeinate busybox'.split(' '),
)
const keywords = new Set('then do else elif if while until ! { coproc'.split(' '))
const shells = /^(?:ba|z|k|da|a|fi)?sh$/
const interpreters = /^(?:python[\d.]*|pypy\d?|node|nodejs|deno|bun|perl|ruby|php|lua|awk|gawk|tclsh|osascript|Rscript|pwsh|tsx|ts-node)$/
const runners = /^(?:npm|pnpm|yarn|bun)$/
const assignment = /^[A-Za-z_]\w*\+?=/

/** A command line of a shell. */
export function inCommand(text: string, own: readonly OwnRule[] = []): Findings {
  const found = nothing()
  const { commands, complete } = parseShell(text)
  const rules = [...commandRules, ...own.flatMap(asCommandRule)]
  for (const command of commands) examine(command, rules, own, found)
  if (commands.some(redefines)) found.readable = false
  if (!complete) found.readable = false
  if (!found.readable) for (const action of mentionsIn(text, rules)) found.doubtful.add(action)
  return found
}

/** A call of a tool that is no shell. */
export function inTool(tool: string, own: readonly OwnRule[] = []): Findings {
  const found = nothing()
  for (const rule of toolRules) if (rule.tool.test(tool)) for (const action of rule.actions) found.sure.add(action)
  for (const rule of own) if (rule.tool !== null && wildcard(rule.tool).test(tool)) found.sure.add(rule.action)
  return found
}

/** The text of a script that is run. */
export function inScript({ kind, entry }: Script, text: string, own: readonly OwnRule[] = []): Findings {
  const found = kind === 'npm' ? npmScripts(text, entry, own) : inCommand(kind === 'make' ? recipe(text, entry) : text, own)
  // Whatever language it is in.
  for (const action of mentionsIn(text.startsWith('#!') && !/^#!.*sh\b/.test(text) ? text : '', [...commandRules, ...own.flatMap(asCommandRule)])) found.doubtful.add(action)
  return found
}

export function merged(all: readonly Findings[]): Findings {
  const into = nothing()
  for (const each of all) {
    for (const action of each.sure) into.sure.add(action)
    for (const action of each.doubtful) into.doubtful.add(action)
    into.scripts.push(...each.scripts)
    into.readable &&= each.readable
  }
  return into
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

function alternatives(program: RegExp): string[] {
  return program.source.slice('^(?:'.length, -')$'.length).split('|')
}

function nothing(): Findings {
  return { sure: new Set(), doubtful: new Set(), scripts: [], readable: true }
}

function examine(words: ShellCommand, rules: readonly CommandRule[], own: readonly OwnRule[], found: Findings, here = true): void {
  const start = words.findIndex((word) => !assignment.test(word.text))
  const [program, ...args] = start < 0 ? [] : words.slice(start)
  if (program === undefined) return
  const name = baseName(program.text)
  if (wrappers.has(name) || keywords.has(name)) {
    // Options of wrappers are many: whatever may be the command is looked at.
    const first = args.findIndex(({ text }) => !text.startsWith('-') && !assignment.test(text))
    for (let at = 0; at < args.length; at += 1) if (at <= first || !keywords.has(name)) examine(args.slice(at), rules, own, found, at <= first)
    return
  }
  if (!program.plain && here) found.readable = false
  for (const rule of rules) {
    const match = matches(rule, program, name, args)
    if (match !== null) for (const action of rule.actions) found[match].add(action)
  }
  if (postsOutside(name, args)) found.sure.add('external_api_post')
  if (name === 'git') examineGit(args, found)
  runsWhat(name, program, args, own, found)
}

/** Rules of one word or two: `sure` where every word is plain. */
function matches({ program, words }: CommandRule, word: Word, name: string, args: Word[]): 'sure' | 'doubtful' | null {
  if (!program.test(name) && (word.plain || words.length === 0)) return null
  for (let at = 0; at < Math.max(1, args.length); at += 1) {
    const rest = args.slice(at).filter(({ text }) => !text.startsWith('-'))
    const fits = words.every((choice, i) => rest[i] !== undefined && (!rest[i].plain || choice.split('|').includes(rest[i].text)))
    if (fits) return word.plain && program.test(name) && words.every((_, i) => rest[i]?.plain === true) ? 'sure' : 'doubtful'
    // The next word can begin the rule's words only if this one is an option, or may be an option's value.
    const here = args[at]
    if (here === undefined || (!here.text.startsWith('-') && args[at - 1]?.text.startsWith('-') !== true)) return null
  }
  return null
}

/** Other words may be aliases, and what is configured may make them. */
function examineGit(args: Word[], found: Findings): void {
  const words = args.map(({ text }) => text)
  if (words.some((word) => /^alias\./i.test(word) || /^core\.(ssh|pager|editor|fsmonitor|hooks)/i.test(word))) found.readable = false
  const first = args.find(({ text }, at) => !text.startsWith('-') && !/^-[cC]$|^--(git-dir|work-tree|namespace|exec-path|config-env)$/.test(words[at - 1] ?? ''))
  if (first !== undefined && first.plain && !gitWords.has(first.text)) for (const action of ['publish', 'merge_to_main']) found.doubtful.add(action)
}

/** Commands inside the words: another shell's, another language's, a script's. */
function runsWhat(name: string, program: Word, args: Word[], own: readonly OwnRule[], found: Findings): void {
  const add = (inner: Findings): void => {
    for (const action of inner.sure) found.sure.add(action)
    for (const action of inner.doubtful) found.doubtful.add(action)
    found.scripts.push(...inner.scripts)
    found.readable &&= inner.readable
  }
  const operands = args.filter(({ text }) => !text.startsWith('-'))
  if (name === 'eval') add(inCommand(args.map(({ text }) => text).join(' '), own))
  else if (name === 'source' || name === '.') addScript(operands[0], found)
  else if (shells.test(name) || name === 'su') {
    const flag = args.findIndex(({ text }) => /^-[a-z]*c$/i.test(text) || text === '--command')
    if (flag >= 0) {
      const code = args[flag + 1]
      if (code !== undefined) add(inCommand(code.text, own))
      if (code?.plain !== true) found.readable = false
    } else if (operands[0] === undefined) found.readable = false
    else addScript(operands[0], found)
  } else if (interpreters.test(name)) {
    const flag = args.findIndex(({ text }) => /^(-[a-z]*[ceprE]|--eval|--print|eval)$/.test(text))
    const code = flag < 0 ? (name.endsWith('awk') ? operands[0] : undefined) : args[flag + 1]
    if (code !== undefined) for (const action of mentionsIn(code.text, [...commandRules, ...own.flatMap(asCommandRule)])) found.doubtful.add(action)
    else if (operands[0] !== undefined) addScript(operands[0], found)
    else if (!args.some(({ text }) => /^-{1,2}(v|V|version|help|h)$/.test(text))) found.readable = false
  } else if (program.text.includes('/')) addScript(program, found)
  if (runners.test(name)) addNpm(operands, found)
  if (name === 'make' || name === 'gmake') found.scripts.push({ path: 'Makefile', kind: 'make', entry: operands[0]?.text ?? null })
}

function addScript(word: Word | undefined, found: Findings): void {
  if (word === undefined) return
  if (word.plain) found.scripts.push({ path: word.text, kind: 'script', entry: null })
  else found.readable = false
}

function addNpm(operands: Word[], found: Findings): void {
  const [first, second] = operands.map(({ text }) => text)
  const entry = first === 'run' || first === 'run-script' ? second : first === 't' ? 'test' : first
  if (entry !== undefined) found.scripts.push({ path: 'package.json', kind: 'npm', entry })
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
  const blocks = text.split(/^(?=[^\s#:=]+[^:=\n]*:(?!=))/m)
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

/** Actions whose program and words occur in a text, in order, however they are put together. */
function mentionsIn(text: string, rules: readonly CommandRule[]): string[] {
  const bare = text.replace(/["'`\\]/g, '').replace(/[,[\]()]/g, ' ')
  const found = rules.filter(({ program, words }) => {
    if (words.length === 0 && bare.length > 4000) return false
    const parts = [alternatives(program).join('|'), ...words].map((part) => `(?<![\\w-])(?:${part})(?![\\w-])`)
    return new RegExp(parts.join('[^]{0,2000}?')).test(bare)
  })
  const inCode = codeMentions.filter((each) => each.text.test(text))
  return [...found, ...inCode].flatMap(({ actions }) => actions)
}

function asCommandRule({ action, command }: OwnRule): CommandRule[] {
  const [program, ...words] = command ?? []
  return program === undefined ? [] : [{ program: wildcard(program), words, actions: [action] }]
}

function wildcard(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')})$`)
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.(exe|cmd)$/i, '')
}
