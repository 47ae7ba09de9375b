import type { Node } from 'oxc-parser'
import { finding, isProgram, literal, part, type Finding, type Rule, type Source } from './source.ts'

const databases = new Set(['kysely', 'pg', 'node:sqlite'])
const statement =
  /^\s*(select\s[^]*\sfrom\s|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s|(create|drop|alter)\s+(unique\s+)?(table|index|trigger|view)\s|pragma\s|begin\s+(immediate|exclusive|deferred)|savepoint\s|attach\s+database)/i

/** SQL and its drivers live in store/; the one line that takes the daemon's lock is the exception. */
export const sql: Rule = (sources) =>
  sources
    .filter((source) => isProgram(source) && part(source.path) !== 'store' && source.path !== 'src/daemon/lock.ts')
    .flatMap((source) => [
      ...source.imports
        .filter((each) => databases.has(each.specifier))
        .map((each) => finding(source, each.start, `imports ${each.specifier} outside store/`)),
      ...source.nodes.flatMap((node) => (statement.test(words(node)) ? [finding(source, node.start, 'SQL outside store/')] : [])),
    ])

function words(node: Node): string {
  return node.type === 'TemplateLiteral' ? node.quasis.map((quasi) => quasi.value.raw).join('?') : (literal(node) ?? '')
}

const runtimeNames = /claude|codex|gemini|opencode/i
/** The proxy reads wire formats, one of which is called as a runtime is. */
const wireFormats = /claude|codex|opencode/i

/** Product names of agent CLIs, comments and file names included, stand in runtimes/ alone. */
export const runtimes: Rule = (sources) =>
  sources
    .filter((source) => isProgram(source) && part(source.path) !== 'runtimes')
    .flatMap((source) => {
      const names = part(source.path) === 'proxy' ? wireFormats : runtimeNames
      const inPath = names.test(source.path) ? [finding(source, 0, 'a file named after a runtime outside runtimes/')] : []
      const at = source.text.search(names)
      return at < 0 ? inPath : [...inPath, finding(source, at, `names a runtime outside runtimes/ (${names.exec(source.text)?.[0] ?? ''})`)]
    })

const mayReadEnvironment = (path: string) => ['config', 'bin'].includes(part(path)) || path === 'src/cli/main.ts'

export const environment: Rule = (sources) =>
  sources
    .filter((source) => isProgram(source) && !mayReadEnvironment(source.path))
    .flatMap((source) =>
      source.nodes.flatMap((node) => (readsEnvironment(node) ? [finding(source, node.start, 'reads process.env')] : [])),
    )

function readsEnvironment(node: Node): boolean {
  if (node.type === 'MemberExpression') return nameOf(node.property) === 'env' && isProcess(node.object)
  if (node.type === 'VariableDeclarator') return node.init !== null && isProcess(node.init) && takesEnv(node.id)
  if (node.type !== 'ImportDeclaration' || !['process', 'node:process'].includes(node.source.value)) return false
  return node.specifiers.some((each) => each.type === 'ImportSpecifier' && nameOf(each.imported) === 'env')
}

function isProcess(node: Node): boolean {
  if (node.type === 'Identifier') return node.name === 'process'
  return node.type === 'MemberExpression' && nameOf(node.object) === 'globalThis' && nameOf(node.property) === 'process'
}

function takesEnv(pattern: Node): boolean {
  return pattern.type === 'ObjectPattern' && pattern.properties.some((each) => each.type === 'Property' && nameOf(each.key) === 'env')
}

function nameOf(node: Node): string | null {
  return node.type === 'Identifier' ? node.name : literal(node)
}

const isChildProcess = (specifier: string) => specifier === 'node:child_process' || specifier === 'child_process'
const mayStartProcesses = (path: string) => path === 'src/util/spawn.ts' || /^src\/supervisors\/tmux\/(control[^/]*|connection)\.ts$/.test(path)

export const processes: Rule = (sources) =>
  sources.filter(isProgram).flatMap((source) =>
    source.imports
      .filter((each) => isChildProcess(each.specifier) && !mayStartProcesses(source.path))
      .map((each) => finding(source, each.start, 'starts processes by itself: use util/spawn.ts')),
  )

/** No shell, tests and scripts included: neither `shell: true` nor exec(). */
export const shells: Rule = (sources) =>
  sources.flatMap((source) => [
    ...source.nodes.flatMap((node) =>
      node.type === 'Property' && nameOf(node.key) === 'shell' && isOn(node.value) ? [finding(source, node.start, 'shell: true')] : [],
    ),
    ...(source.imports.some((each) => isChildProcess(each.specifier)) ? execs(source) : []),
  ])

function isOn(node: Node): boolean {
  return node.type === 'Literal' && node.value !== false && node.value !== null && typeof node.value === 'boolean'
}

function execs(source: Source): Finding[] {
  const shelled = (name: string | null) => name === 'exec' || name === 'execSync'
  const modules = new Set<string>()
  const found: Finding[] = []
  for (const node of source.nodes) {
    if (node.type === 'ImportDeclaration' && isChildProcess(node.source.value)) {
      for (const each of node.specifiers) {
        if (each.type !== 'ImportSpecifier') modules.add(each.local.name)
        else if (shelled(nameOf(each.imported))) found.push(finding(source, each.start, 'imports exec, which runs a shell'))
      }
    }
    if (node.type === 'MemberExpression' && shelled(nameOf(node.property)) && modules.has(nameOf(node.object) ?? '')) {
      found.push(finding(source, node.start, 'calls exec, which runs a shell'))
    }
  }
  return found
}
