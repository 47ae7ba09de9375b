import type { Findings, Script } from './findings.ts'
import { mentionsIn } from './sensitive-mentions.ts'
import { gitWords, type CommandRule } from './sensitive-rules.ts'
import { codeOption, commandVariables, delegates, escapesTo, gitCommands, gitTakes, interpreters, keywords, preloads, shells, takesText, toldTo, valued, wrappers } from './sensitive-words.ts'
import type { ShellCommand, Word } from './shell.ts'

export const assignment = /^[A-Za-z_]\w*\+?=/
const runners = /^(?:npm|pnpm|yarn|bun)$/
/** So many beginnings of a command are looked at behind one wrapper. */
const mostBeginnings = 300
/** So many of its words, where it is none for sure. */
const mostArguments = 300

/** How what is found inside of words is looked at: `again` is for a command line. */
export interface Look {
  found: Findings
  rules: readonly CommandRule[]
  again(text: string): void
}

/** One command: its words from its program on. `here`: it is one for sure, and no word that may be an option's. */
export interface Begun {
  program: Word
  name: string
  args: Word[]
  here: boolean
}

/** The commands that the words of one may be: behind `env`, `if`, `sudo -u me`. Options of wrappers are many: whatever may be the command is looked at. */
export function beginnings(words: ShellCommand, { found, again }: Look): Begun[] {
  const all: Begun[] = []
  /** Up to there a word is a command for sure; behind a wrapper each may be one. */
  let sure = words.findIndex((word) => !assignment.test(word.text))
  let wrapped = false
  /** Words that it is given while it runs. */
  let more: Word[] = []
  for (let at = Math.max(0, sure); at < words.length; at += 1) {
    const program = words[at]!
    const name = baseName(program.text)
    const here = at <= sure
    const args = words.slice(at + 1, here ? undefined : at + 1 + mostArguments)
    if (!here && args.length === mostArguments) found.readable = false
    const wraps = wrappers.has(name)
    if (wraps || keywords.has(name)) {
      const first = args.findIndex(({ text }) => !text.startsWith('-') && !assignment.test(text))
      // What stands first behind these is none.
      if (here && first >= 0 && !/^(?:find|tmux|screen)$/.test(name)) sure = at + 1 + first
      wrapped ||= wraps
      if (takesText.has(name)) inText(name, args, again, found)
      if (!wrapped && first < 0) break
      if (!wrapped) at = sure - 1
      if (name === 'xargs' || name === 'parallel') more = [{ text: '', plain: false }]
    } else if (!assignment.test(program.text)) all.push({ program, name, args: [...args, ...more], here })
    if (/^(?:npx|bunx|pnpx)$/.test(name)) all.push({ program, name, args, here })
    if (all.length >= mostBeginnings) {
      found.readable = false
      break
    }
    if (wrapped || keywords.has(name)) continue
    const word = args.findIndex(({ text }) => delegates[name]?.has(text) === true)
    if (word < 0) break
    wrapped = true
    at += word + 1
    if (!/^(?:docker|podman|nerdctl|fd|fdfind)$/.test(name)) for (const arg of args.slice(word + 1)) textOf(arg, again, found)
  }
  return all
}

function inText(name: string, args: Word[], again: Look['again'], found: Findings): void {
  for (const arg of args) textOf(arg, again, found)
  // Without a command they read one.
  if ((name === 'su' || name === 'runuser') && !args.some(({ text }) => /^-\w*c|^--(?:session-)?command/.test(text))) found.readable = false
}

/** A command in one word, as a whole or as an option's value. */
function textOf({ text, plain }: Word, again: Look['again'], found: Findings): void {
  const value = text.startsWith('--') ? text.slice(text.indexOf('=') + 1) : text.replace(/^-[A-Za-z]/, '')
  if (/\s/.test(value)) again(value)
  if (!plain && /[$`]/.test(value)) found.readable = false
}

/** Commands inside the words: another shell's, another language's, a script's. */
export function within(begun: Begun, look: Look): void {
  const { scripts } = look.found
  const before = scripts.length
  inWords(begun, look)
  if (!begun.here) for (const script of scripts.slice(before)) script.maybe = true
}

function inWords({ name, program, args, here }: Begun, look: Look): void {
  const { found, rules, again } = look
  const operand = args.find(({ text }) => !text.startsWith('-'))
  if (name === 'eval') again(args.map(({ text }) => text).join(' '))
  else if (name === 'source' || name === '.') {
    // Behind a wrapper it is a folder.
    if (here) addScript(operand, found)
  } else if (name === 'at' || name === 'batch') found.readable = false
  else if (shells.test(name)) inShell(args, look)
  else if (interpreters.test(name)) inCode(name, args, look)
  else if (program.text.includes('/') && (here || program.plain)) addScript(program, found)
  if (name === 'git') inGit(args, look)
  if (/^(?:bsd|g)?tar$/.test(name)) for (const arg of args) textOf({ ...arg, plain: true }, (text) => again(text.replace(/^exec=/, '')), found)
  const texts = args.map(({ text }) => text)
  if (escapesTo.test(name) && texts.some((text) => toldTo.test(text))) for (const action of mentionsIn(texts.join(' '), rules)) found.doubtful.add(action)
  if (name === 'trap' && operand !== undefined) again(operand.text)
  if (/^(?:gh|glab)$/.test(name) && /^(?:alias|ext|extension|extensions)$/.test(operand?.text ?? '')) found.readable = false
  if (runners.test(name)) addNpm(name, args, found)
  if (name === 'make' || name === 'gmake') addMake(args, found)
}

/** Variables that programs take a command from. */
export function inVariables(words: ShellCommand, { again }: Look): void {
  for (const { text } of words) if (commandVariables.test(text)) again(text.slice(text.indexOf('=') + 1))
}

/** `-c` may stand among others, and before options that follow: what is run is the first word that is none. */
function inShell(args: Word[], { found, again }: Look): void {
  const code = args.some(({ text }) => /^-[a-zA-Z]*c/.test(text) || text === '--command')
  const joined = args.find(({ text }) => text.startsWith('--command='))
  const word = args.find(({ text }, at) => !/^[-+]/.test(text) && !/^[-+][a-zA-Z]*[oO]$|^--(?:rcfile|init-file)$/.test(args[at - 1]?.text ?? ''))
  const first = joined === undefined ? word : { ...joined, text: joined.text.slice('--command='.length) }
  for (const [at, { text }] of args.entries()) if (/^--(?:rcfile|init-file)$/.test(text)) addScript(args[at + 1], found)
  if (first?.plain !== true) found.readable = false
  if (first === undefined) return
  if (code || joined !== undefined) again(first.text)
  else addScript(first, found)
}

/** The code stands in a word, or in a file that the first operand names. */
function inCode(name: string, args: Word[], { found, rules }: Look): void {
  const { apart, joined } = codeOption(name)
  const operands = args.filter(({ text }, at) => !text.startsWith('-') && !valued.test(args[at - 1]?.text ?? ''))
  const file = name.endsWith('awk') ? args.findIndex(({ text }) => /^(?:-f|--file)$/.test(text)) : -1
  const flag = args.findIndex(({ text }) => apart.test(text))
  const code = flag >= 0 ? args[flag + 1] : name.endsWith('awk') && file < 0 ? operands[0] : undefined
  const texts = [...(code === undefined ? [] : [code.text]), ...args.map(({ text }) => text).filter((text) => joined.test(text))]
  for (const text of texts) for (const action of mentionsIn(text, rules)) found.doubtful.add(action)
  for (const [at, { text }] of args.entries()) if (preloads.test(text) && /^\.{0,2}\//.test(args[at + 1]?.text ?? '')) addScript(args[at + 1], found, true)
  if (texts.length > 0) return
  const first = file >= 0 ? args[file + 1] : operands[0]
  // One of a library, or of the folder.
  if (/^(?:python|pypy)/.test(name) && args.some(({ text }) => /^-[A-Za-z]*m$/.test(text))) addModule(first, found)
  else if (name === 'bun' || name === 'deno') {
    const script = first?.text === 'run' ? operands[1] : first
    if (script !== undefined && (!script.plain || /[./]/.test(script.text))) addScript(script, found, true)
  } else if (first !== undefined) addScript(first, found, true)
  else if (!args.some(({ text }) => /^-{1,2}(v|V|version|help|h)$/.test(text))) found.readable = false
}

/** Other words may be aliases, and what is configured may make them; some of git's own words run commands. */
function inGit(args: Word[], { found, again }: Look): void {
  const words = args.map(({ text }) => text)
  const place = args.findIndex(({ text }, at) => !text.startsWith('-') && !/^-[cC]$|^--(git-dir|work-tree|namespace|exec-path|config-env)$/.test(words[at - 1] ?? ''))
  const word = args[place]
  const rest = place < 0 ? [] : words.slice(place + 1)
  const reads = rest.some((each) => /^(?:--get(?:-\w+)?|--list|-l|get|list|--unset)$/.test(each)) || rest.filter((each) => !each.startsWith('-')).length < 2
  const settings = [...words.filter((_, at) => /^(?:-c|--config)$/.test(words[at - 1] ?? '')), ...(word?.text === 'config' && !reads ? rest : []), ...words.filter((each) => each.startsWith('--config'))]
  if (settings.some((each) => gitCommands.test(each)) || words.some((each) => each.startsWith('ext::') || each.startsWith('--config-env'))) found.readable = false
  if (word === undefined) return
  if (word.plain && !gitWords.has(word.text)) for (const action of ['publish', 'merge_to_main']) found.doubtful.add(action)
  if (word.text === 'bisect' && rest[0] === 'run') again(lineOf(rest.slice(1)))
  const foreach = word.text === 'submodule' ? rest.indexOf('foreach') : -1
  if (foreach >= 0) again(lineOf(rest.slice(foreach + 1)))
  const takes = gitTakes[word.text]
  if (takes === undefined) return
  for (const [at, text] of rest.entries()) {
    const joined = takes.exec(text)?.[0]
    if (joined !== undefined) again(text === joined && !joined.endsWith('=') ? (rest[at + 1] ?? '') : text.slice(joined.length))
  }
}

/** Words as one line again, options before the command left out. */
function lineOf(words: string[]): string {
  const command = words.slice(words.findIndex((word) => !word.startsWith('-')))
  if (command.length === 1) return command[0] ?? ''
  return command.map((word) => (/[\s'";&|<>()]/.test(word) ? `'${word.replaceAll("'", String.raw`'\''`)}'` : word)).join(' ')
}

function addScript(word: Word | undefined, found: Findings, code = false): void {
  if (word?.plain === true) found.scripts.push({ path: word.text, kind: 'script', entry: null, ...(code ? { code } : {}) })
  else found.readable = false
}

function addModule(word: Word | undefined, found: Findings): void {
  if (word?.plain !== true) found.readable = false
  else for (const end of ['.py', '/__main__.py']) found.scripts.push({ path: `${word.text.replaceAll('.', '/')}${end}`, kind: 'script', entry: null, code: true, maybe: true })
}

/** Options of theirs that have a value, and those of them that name the folder. */
const npmValues = /^(?:-C|--prefix|--dir|--cwd|-w|--workspace|-F|--filter|--loglevel|--registry|--tag|--script-shell)$/
const npmFolder = /^(?:-C|--prefix|--dir|--cwd)(?:=|$)/
/** npm takes what a word begins with where nothing else begins so. */
const runWords = new Set(['run', 'run-script', 'rum', 'urn', 'run-s'])

function addNpm(name: string, args: Word[], found: Findings): void {
  const operands = args.filter(({ text }, at) => !text.startsWith('-') && !npmValues.test(args[at - 1]?.text ?? ''))
  const [first, second] = operands.map(({ text }) => text)
  const entry = first !== undefined && runWords.has(first) ? second : first === 't' || first === 'tst' ? 'test' : first
  const folder = folderOf(args, npmFolder)
  const script = (each: string): Script => ({ path: `${folder}package.json`, kind: 'npm', entry: each })
  if (args.some(({ text }) => text.startsWith('--script-shell'))) found.readable = false
  if (entry === undefined) return
  found.scripts.push(script(entry))
  // What comes along with them, whoever asks for it.
  if (/^(?:i|in|install|add|ci|clean-install|it|install-test)$/.test(entry)) for (const each of ['install', 'prepare', 'prepublish']) found.scripts.push(script(each))
  if (entry === 'pack' || (entry === 'publish' && name !== 'bun')) for (const each of ['prepack', 'prepare', 'postpack']) found.scripts.push(script(each))
}

function addMake(args: Word[], found: Findings): void {
  const values = /^(?:-[CfIojWl]|--(?:directory|file|makefile))$/
  const goals = args.filter(({ text }, at) => !text.startsWith('-') && !assignment.test(text) && !values.test(args[at - 1]?.text ?? ''))
  const folder = folderOf(args, /^(?:-C|--directory)(?:=|$)/)
  const files = args.flatMap(({ text }, at) => (/^(?:-f|--file|--makefile)$/.test(text) ? [args[at + 1]?.text ?? ''] : (/^(?:-f(?=.)|--(?:make)?file=)(.*)$/.exec(text)?.[1] ?? [])))
  const paths = files.length > 0 ? files : ['Makefile', 'makefile', 'GNUmakefile']
  if (args.some(({ text }) => /^SHELL=|^--eval/.test(text))) found.readable = false
  for (const goal of goals.length === 0 ? [null] : goals) {
    for (const path of paths) found.scripts.push({ path: path.startsWith('/') ? path : `${folder}${path}`, kind: 'make', entry: goal?.text ?? null })
  }
}

function folderOf(args: Word[], option: RegExp): string {
  const at = args.findIndex(({ text }) => option.test(text))
  if (at < 0) return ''
  const text = args[at]!.text
  const folder = text.includes('=') ? text.slice(text.indexOf('=') + 1) : (args[at + 1]?.text ?? '')
  return folder === '' ? '' : `${folder.replace(/\/$/, '')}/`
}

/** Without folder and version, and as every disk has it: to some GIT is git. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).toLowerCase().replace(/\.(exe|cmd)$/i, '').replace(/(?<=.)@[\w.^~*-]*$/, '')
}
