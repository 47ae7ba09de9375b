import type { Node } from 'oxc-parser'
import { finding, type Finding, type Rule, type Source } from './source.ts'

const never = ['service', 'services', 'helper', 'helpers', 'utils', 'factory', 'factories', 'impl', 'coordinator']
/** `manager` is a role, and `base` a word, so that values may be called so; types and files may not. */
const notTypes = [...never, 'manager', 'managers', 'base']

export const names: Rule = (sources) =>
  sources
    .filter((source) => !source.path.startsWith('test/architecture'))
    .flatMap((source) => [...fileName(source), ...source.nodes.flatMap((node) => declaration(source, node))])

function fileName(source: Source): Finding[] {
  const bad = source.path.split(/[/.]/).flatMap(wordsOf).find((word) => notTypes.includes(word))
  return bad === undefined ? [] : [finding(source, 0, `"${bad}" in a file name says nothing`)]
}

function declaration(source: Source, node: Node): Finding[] {
  switch (node.type) {
    case 'ClassDeclaration':
    case 'TSInterfaceDeclaration':
    case 'TSTypeAliasDeclaration':
      return check(source, node.id, notTypes)
    case 'FunctionDeclaration':
      return check(source, node.id, never)
    case 'ExportNamedDeclaration': {
      const inner = node.declaration
      return inner?.type === 'VariableDeclaration' ? inner.declarations.flatMap((each) => check(source, each.id, never)) : []
    }
    default:
      return []
  }
}

function check(source: Source, id: Node | null, forbidden: string[]): Finding[] {
  if (id?.type !== 'Identifier') return []
  const bad = wordsOf(id.name).find((word) => forbidden.includes(word))
  return bad === undefined ? [] : [finding(source, id.start, `"${bad}" in the name ${id.name} says nothing`)]
}

function wordsOf(name: string): string[] {
  return (name.match(/[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])/g) ?? []).map((word) => word.toLowerCase())
}
