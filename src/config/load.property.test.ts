import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compose, known, project, teamRoot } from '../../test/fixtures/config-samples.ts'
import { load } from './load.ts'
import { renderConfig } from './origins.ts'
import { renderDiagnostics } from './render.ts'
import { validateReport } from './report.ts'

/** What is wrong with the answer: whatever stands in the files, it is a team, or errors that can be shown. */
function faults(files: Record<string, string | Uint8Array>): string[] {
  const loaded = load(teamRoot(files), known)
  const errors = loaded.diagnostics.filter((one) => one.severity === 'error')
  const shown = renderDiagnostics(loaded.diagnostics, { color: false, verbose: true })
  const config = loaded.team === null ? 'projects:' : renderConfig(loaded.team, loaded.origins)
  const found = {
    'no team and no error, or both': (loaded.team === null) !== errors.length > 0,
    'a place that does not exist': loaded.diagnostics.some(({ line, column }) => line < 1 || column < 1),
    'a report that says otherwise': validateReport(loaded).ok !== (loaded.team !== null),
    'control characters on the screen': /[^\P{Cc}\n]/u.test(shown),
    'a configuration without its projects': !config.includes('projects:'),
  }
  return Object.entries(found).flatMap(([what, wrong]) => (wrong ? [what] : []))
}

const corpus = [
  '\0',
  '\ufeffversion: 2',
  '?',
  '- - -',
  '&a [*a]',
  '&a { a: *a }',
  '{{{{',
  '"',
  "'",
  '|',
  '>-\n\t',
  '!!binary aa==',
  '!!set {a, b}',
  '!foo bar',
  '%YAML 9.9\n---\na',
  '---\n---',
  '? [a]\n: 1',
  '? {a: b}\n: 1',
  'a: &x 1\nb: *y',
  '.inf',
  '.nan',
  '0x10',
  '__proto__: { a: 1 }',
  'constructor: 1',
  'toString: { a: 1 }',
  'version: 2\nprojects: [__proto__]',
  'version: 2\nprojects: { 0: a }',
  'version: 2\nprojects: [null, 1, {}, [], { file: }]',
  'version: 2\nbroker: []\nsupervisor: 7\nlimits: x\nbudget: [1]\nhitl: true',
  '\u001b[31mred\u001b[0m: 1',
  '\u202eabc: 1',
  'a: "\\uD800"',
  '\r\r\n\r',
  `a: ${'x'.repeat(100_000)}`,
  `${'a: {'.repeat(5_000)}`,
  `${'- '.repeat(5_000)}a`,
  ['a: &a [x]', ...['ab', 'bc', 'cd', 'de', 'ef'].map(([from, to]) => `${to}: &${to} [${`*${from},`.repeat(12)}]`)].join('\n'),
]

const agentBodies = [
  'managers: { __proto__: { can_dm: [a] } }',
  'managers: { constructor: , toString: }',
  'managers: { a: 1, b: [], c: "x" }',
  'workers: []',
  'workers: { 1: { env: [1] } }',
  'managers: { a: { mcps: { b: 1 }, hooks: [1], skills: [2], subagents: {}, interfaces: 1, role_prompt: {} } }',
  'channels: [{ name: }, 1, {}]',
  'channels: { a: b }',
  'managers: { a: { role_prompt: "x\\0y", skills: ["\\0"], cwd: "\\0" } }',
  'managers: { a: { cwd: "", role_prompt: "/" } }',
]

const files = fc.constantFrom('team-compose.yaml', 'projects/p.yaml')
const good: Record<string, string> = { 'team-compose.yaml': compose, 'projects/p.yaml': project }
const agentKeys = [
  'runtime',
  'model',
  'effort',
  'role_prompt',
  'can_dm',
  'reports_to',
  'env',
  'args',
  'mcps',
  'hooks',
  'interfaces',
  'restart',
  'cwd',
]

function splice(text: string, at: number, insert: string, cut: number): string {
  const start = at % text.length
  return text.slice(0, start) + insert + text.slice(start + cut)
}

describe('no bytes make it throw', () => {
  test('any bytes as either file', () => {
    const property = fc.property(
      files,
      fc.uint8Array({ maxLength: 200 }),
      (file, bytes) => faults({ [file]: bytes }).length === 0,
    )
    expect(fc.check(property, { numRuns: 200 })).toMatchObject({ failed: false, numRuns: 200 })
  })

  test('any text spliced into a good file', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom(...corpus.filter((text) => text.length < 80)),
    )
    const property = fc.property(
      files,
      fc.nat(),
      piece,
      fc.nat(20),
      (file, at, insert, cut) => faults({ [file]: splice(good[file] ?? '', at, insert, cut) }).length === 0,
    )
    expect(fc.check(property, { numRuns: 200 })).toMatchObject({ failed: false, numRuns: 200 })
  })

  test('any JSON value below any key', () => {
    const property = fc.property(
      fc.constantFrom(...agentKeys),
      fc.jsonValue({ maxDepth: 4 }),
      (key, value) => faults({ 'projects/p.yaml': `${project}  more: ${JSON.stringify({ [key]: value })}\n` }).length === 0,
    )
    expect(fc.check(property, { numRuns: 200 })).toMatchObject({ failed: false, numRuns: 200 })
  })

  test.each(corpus.map((text) => [JSON.stringify(text).slice(0, 60), text]))('%s', (_name, text) => {
    expect(faults({ 'team-compose.yaml': text })).toEqual([])
    expect(faults({ 'team-compose.yaml': `${compose}${text}` })).toEqual([])
    expect(faults({ 'projects/p.yaml': text })).toEqual([])
    expect(faults({ 'projects/p.yaml': `${project}${text}` })).toEqual([])
    expect(faults({ 'runtimes/x.yaml': text })).toEqual([])
  })

  test.each(agentBodies)('%s', (body) => {
    expect(faults({ 'projects/p.yaml': `version: 2\nproject: { id: p, name: P, cwd: . }\n${body}\n` })).toEqual([])
  })
})
