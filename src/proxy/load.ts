import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMap, isScalar, LineCounter, parseDocument, type Document } from 'yaml'
import type { z } from 'zod'
import { TroupeError } from '../core/error.ts'
import { scenarioSchema } from './schema.ts'
import type { Scenario } from './scenario.ts'

/** The scenarios that ship with troupe. Absolute; works from the sources and from the bundle in dist/. */
const builtIns = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../examples/scenarios/' : '../examples/scenarios/', import.meta.url),
)

/** Names that `loadScenario` knows without a path. */
export function scenarioNames(): string[] {
  return readdirSync(builtIns)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => basename(file, '.yaml'))
    .toSorted()
}

/** Reads a built-in scenario by name, or a file by absolute path. Throws `unknown` or `config` with file, line and column. */
export function loadScenario(nameOrPath: string): Scenario {
  const path = nameOrPath.includes('/') || /\.ya?ml$/.test(nameOrPath) ? nameOrPath : join(builtIns, `${nameOrPath}.yaml`)
  return parseScenario(read(path, nameOrPath), path)
}

function read(path: string, asked: string): string {
  try {
    // A pipe would be waited for by the whole daemon.
    if (!statSync(path).isFile()) throw new TroupeError('config', `the scenario ${path} is not a file`, { hint: 'use the path of a file', facts: { path } })
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (cause instanceof TroupeError) throw cause
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new TroupeError('unknown', `there is no scenario "${asked}"`, {
        hint: `use a path to a scenario file, or one of: ${scenarioNames().join(', ')}`,
        facts: { path },
        cause,
      })
    }
    throw new TroupeError('config', `the scenario ${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { hint: 'use the path of a file that you may read', facts: { path }, cause })
  }
}

interface Diagnostic {
  severity: 'error'
  file: string
  line: number
  column: number
  message: string
  hint: string
}

/** `file` is for messages and for the scenario's name. */
export function parseScenario(text: string, file: string): Scenario {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const broken = document.errors.map((error) => diagnostic(file, lines, error.pos[0], error.message.split('\n')[0] ?? 'not YAML'))
  if (broken.length > 0) throw refusal(broken)
  const parsed = scenarioSchema.safeParse(document.toJS())
  if (parsed.success) return { name: basename(file).replace(/\.ya?ml$/, ''), ...parsed.data }
  throw refusal(parsed.error.issues.map((issue) => diagnostic(file, lines, offsetOf(document, issue), messageOf(issue))))
}

function diagnostic(file: string, lines: LineCounter, offset: number, message: string): Diagnostic {
  const at = lines.linePos(offset)
  return { severity: 'error', file, line: Math.max(at.line, 1), column: Math.max(at.col, 1), message, hint: 'see docs/scenarios.md' }
}

function messageOf(issue: z.core.$ZodIssue): string {
  return issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message
}

function refusal(diagnostics: Diagnostic[]): TroupeError {
  const first = diagnostics[0]!
  const more = diagnostics.length === 1 ? '' : ` (and ${diagnostics.length - 1} more)`
  return new TroupeError('config', `${first.file}:${first.line}:${first.column}: ${first.message}${more}`, {
    hint: first.hint,
    facts: { diagnostics },
  })
}

/** Where the thing complained of stands; its nearest parent where it is missing. */
function offsetOf(document: Document, issue: z.core.$ZodIssue): number {
  const path = issue.path as (string | number)[]
  if (issue.code === 'unrecognized_keys') {
    const parent = path.length === 0 ? document.contents : document.getIn(path, true)
    const pair = isMap(parent) ? parent.items.find((item) => isScalar(item.key) && item.key.value === issue.keys[0]) : undefined
    if (isScalar(pair?.key)) return pair.key.range?.[0] ?? 0
  }
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true)
    if (typeof node === 'object' && node !== null && 'range' in node) return (node.range as number[] | null)?.[0] ?? 0
  }
  return 0
}
