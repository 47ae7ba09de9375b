import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compose, known, project, teamRoot } from '../../test/fixtures/config-samples.ts'
import { load } from './load.ts'
import { renderConfig } from './origins.ts'
import { renderDiagnostics } from './render.ts'
import { validateReport } from './report.ts'

/** Whatever stands in the files, the answer is a team or errors, each with a place that exists. */
function check(files: Record<string, string | Uint8Array>): void {
  const loaded = load(teamRoot(files), known)
  const errors = loaded.diagnostics.filter((one) => one.severity === 'error')
  expect(loaded.team === null).toBe(errors.length > 0)
  for (const { line, column } of loaded.diagnostics) expect(line > 0 && column > 0).toBe(true)
  expect(validateReport(loaded).ok).toBe(loaded.team !== null)
  const shown = renderDiagnostics(loaded.diagnostics, { color: false, verbose: true })
  expect(shown).not.toMatch(/[^\P{Cc}\n]/u)
  if (loaded.team !== null) expect(renderConfig(loaded.team, loaded.origins)).toContain('projects:')
}

const corpus = [
  '\0', '\ufeffversion: 2', '?', '- - -', '&a [*a]', '&a { a: *a }', '{{{{', '"', "'", '|', '>-\n\t', '!!binary aa==', '!!set {a, b}', '!foo bar',
  '%YAML 9.9\n---\na', '---\n---', '? [a]\n: 1', '? {a: b}\n: 1', 'a: &x 1\nb: *y', '.inf', '.nan', '0x10', '__proto__: { a: 1 }', 'constructor: 1',
  'toString: { a: 1 }', 'version: 2\nprojects: [__proto__]', 'version: 2\nprojects: { 0: a }', 'version: 2\nprojects: [null, 1, {}, [], { file: }]',
  'version: 2\nbroker: []\nsupervisor: 7\nlimits: x\nbudget: [1]\nhitl: true', '\u001b[31mred\u001b[0m: 1', '\u202eabc: 1', 'a: "\\uD800"', '\r\r\n\r',
  `a: ${'x'.repeat(100_000)}`, `${'a: {'.repeat(5_000)}`, `${'- '.repeat(5_000)}a`,
  'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e]',
]

const agentBodies = [
  'managers: { __proto__: { can_dm: [a] } }', 'managers: { constructor: , toString: }', 'managers: { a: 1, b: [], c: "x" }', 'workers: []', 'workers: { 1: { env: [1] } }',
  'managers: { a: { mcps: { b: 1 }, hooks: [1], skills: [2], subagents: {}, interfaces: 1, role_prompt: {} } }', 'channels: [{ name: }, 1, {}]', 'channels: { a: b }',
  'managers: { a: { role_prompt: "x\\0y", skills: ["\\0"], cwd: "\\0" } }', 'managers: { a: { cwd: "", role_prompt: "/" } }',
]

describe('no bytes make it throw', () => {
  test('any bytes as either file', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, first) => check({ [first ? 'team-compose.yaml' : 'projects/p.yaml']: bytes })), { numRuns: 200 })
  })

  test('any text spliced into a good file', () => {
    const splice = (text: string, at: number, insert: string, cut: number) => text.slice(0, at % text.length) + insert + text.slice((at % text.length) + cut)
    const piece = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom(...corpus.filter((text) => text.length < 80)))
    fc.assert(
      fc.property(fc.nat(), piece, fc.nat(20), fc.boolean(), (at, insert, cut, first) =>
        check(first ? { 'team-compose.yaml': splice(compose, at, insert, cut) } : { 'projects/p.yaml': splice(project, at, insert, cut) }),
      ),
      { numRuns: 200 },
    )
  })

  test('any JSON value below any key', () => {
    const keys = ['runtime', 'model', 'effort', 'role_prompt', 'can_dm', 'reports_to', 'env', 'args', 'mcps', 'hooks', 'interfaces', 'restart', 'cwd', 'skills']
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 4 }), (key, value) =>
        check({ 'projects/p.yaml': `${project}  more: ${JSON.stringify({ [key]: value })}\n` }),
      ),
      { numRuns: 200 },
    )
  })

  test.each(corpus.map((text) => [JSON.stringify(text).slice(0, 60), text]))('%s', (_name, text) => {
    check({ 'team-compose.yaml': text })
    check({ 'team-compose.yaml': `${compose}${text}` })
    check({ 'projects/p.yaml': text })
    check({ 'projects/p.yaml': `${project}${text}` })
    check({ 'runtimes/x.yaml': text })
  })

  test.each(agentBodies)('%s', (body) => check({ 'projects/p.yaml': `version: 2\nproject: { id: p, name: P, cwd: . }\n${body}\n` }))
})
