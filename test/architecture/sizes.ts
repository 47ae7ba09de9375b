import { finding, isProgram, type Rule, type Source } from './source.ts'

const longest = 400

export const sizes: Rule = (sources) =>
  sources
    .filter((source) => lines(source.text) > longest)
    .map((source) => finding(source, 0, `${lines(source.text)} lines, over ${longest}: which concept wants out?`))

function lines(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
}

interface Length {
  name: string
  lines: number
}

/** For people to look at: the ten longest files and functions of the program, and how sizes spread. */
export function report(sources: Source[]): string {
  const program = sources.filter(isProgram)
  const files = program.map((source) => ({ name: source.path, lines: lines(source.text) }))
  const functions = program.flatMap(functionsOf)
  return [spread('files', files), ...ten(files), spread('functions', functions), ...ten(functions)].join('\n')
}

function spread(what: string, all: Length[]): string {
  const sorted = all.map((each) => each.lines).toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return `${all.length} ${what}: median ${at(0.5)}, p90 ${at(0.9)}, longest ${at(1)} lines`
}

function ten(all: Length[]): string[] {
  return all
    .toSorted((a, b) => b.lines - a.lines)
    .slice(0, 10)
    .map((each) => `${String(each.lines).padStart(6)}  ${each.name}`)
}

function functionsOf(source: Source): Length[] {
  const named = new Map<number, string>()
  return source.nodes.flatMap((node) => {
    if (node.type === 'VariableDeclarator' && node.id.type === 'Identifier' && node.init !== null) named.set(node.init.start, node.id.name)
    if ((node.type === 'MethodDefinition' || node.type === 'Property') && node.key.type === 'Identifier') named.set(node.value.start, node.key.name)
    const isFunction = node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression'
    if (!isFunction) return []
    const name = (node.type === 'ArrowFunctionExpression' ? null : node.id?.name) ?? named.get(node.start) ?? '(unnamed)'
    return [{ name: `${name} (${source.path})`, lines: lines(source.text.slice(node.start, node.end)) }]
  })
}
