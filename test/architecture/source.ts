import { globSync, readFileSync, type Dirent } from 'node:fs'
import { basename, dirname, extname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync, type Node } from 'oxc-parser'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** One file of code, parsed. `path` is relative to the root, with slashes. */
export interface Source {
  path: string
  text: string
  /** Every node of the syntax tree, parents before children. */
  nodes: Node[]
  imports: Import[]
}

export interface Import {
  /** As written. */
  specifier: string
  /** Path of the file meant, or null for a package or a built-in. */
  file: string | null
  kind: 'value' | 'type'
  start: number
}

export interface Finding {
  path: string
  line: number
  what: string
}

export type Rule = (sources: Source[]) => Finding[]

export function finding(source: Source, start: number, what: string): Finding {
  return { path: source.path, line: source.text.slice(0, start).split('\n').length, what }
}

export function parse(path: string, text: string): Source {
  const { program, errors } = parseSync(path, text, { lang: path.endsWith('x') ? 'tsx' : 'ts', sourceType: 'module' })
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]?.message ?? ''}`)
  const nodes: Node[] = []
  collect(program, nodes)
  return { path, text, nodes, imports: nodes.flatMap((node) => importsOf(path, node)) }
}

function collect(value: unknown, into: Node[]): void {
  if (Array.isArray(value)) {
    for (const each of value) collect(each, into)
    return
  }
  if (value === null || typeof value !== 'object') return
  if ('type' in value && typeof value.type === 'string') into.push(value as Node)
  for (const child of Object.values(value)) collect(child, into)
}

function importsOf(path: string, node: Node): Import[] {
  switch (node.type) {
    case 'ImportDeclaration':
      return [link(path, node.source.value, node.importKind === 'type', node.start)]
    case 'ExportAllDeclaration':
      return [link(path, node.source.value, node.exportKind === 'type', node.start)]
    case 'ExportNamedDeclaration':
      return node.source === null ? [] : [link(path, node.source.value, node.exportKind === 'type', node.start)]
    case 'ImportExpression':
      return [link(path, literal(node.source) ?? '', false, node.start)]
    case 'TSImportType':
      return [link(path, literal(node.source) ?? '', true, node.start)]
    case 'CallExpression': {
      const isRequire = node.callee.type === 'Identifier' && node.callee.name === 'require'
      return isRequire ? [link(path, literal(node.arguments[0]) ?? '', false, node.start)] : []
    }
    default:
      return []
  }
}

/** The text of a string literal or of a template without holes. */
export function literal(node: Node | undefined): string | null {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value
  if (node?.type === 'TemplateLiteral' && node.expressions.length === 0) return node.quasis[0]?.value.cooked ?? null
  return null
}

function link(from: string, specifier: string, type: boolean, start: number): Import {
  const file = /^\.{1,2}(\/|$)/.test(specifier) ? posix.join(posix.dirname(from), specifier) : null
  return { specifier, file, kind: type ? 'type' : 'value', start }
}

export const isTest = (path: string) => path.endsWith('.test.ts') || path.startsWith('test/')

/** The program itself: not its tests. */
export const isProgram = (source: Source) => source.path.startsWith('src/') && !isTest(source.path)

/** The folder under src/ that a file belongs to, '' for anything else. */
export function part(path: string): string {
  const [top, folder, rest] = path.split('/')
  return top === 'src' && rest !== undefined ? (folder ?? '') : ''
}

const skipped = new Set(['node_modules', '.git', '.node', '.clis', 'dist', 'coverage'])
const isSkipped = (entry: Dirent) => skipped.has(entry.name) || (entry.name === 'state' && basename(entry.parentPath) === '.team')

function walk(patterns: string[]): string[] {
  return globSync(patterns, { cwd: root, withFileTypes: true, exclude: isSkipped })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.relative(root, posix.join(entry.parentPath, entry.name)))
    .toSorted()
}

export function readSources(): Source[] {
  return walk(['{src,test,bench,scripts,web}/**/*.{ts,tsx,mjs}', '*.ts', 'bin/*.mjs'])
    .filter((path) => !path.startsWith('test/fixtures/'))
    .map((path) => parse(path, readFileSync(join(root, path), 'utf8')))
}

const binary = new Set(['.png', '.jpg', '.ico', '.woff2', '.gz', '.tgz', '.db'])

/** Every text file of the repository, by path. */
export function readTexts(): Map<string, string> {
  const paths = walk(['**/*', '.*', '.ci/*']).filter((path) => !binary.has(extname(path)))
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]))
}
