import { expect, test } from 'vitest'
import { known, project, teamRoot } from '../../test/fixtures/config-samples.ts'
import { load } from './load.ts'
import { renderDiagnostics, visible } from './render.ts'
import { teamOrThrow, validateReport, validateSummary } from './report.ts'

const faulty = () => teamRoot({ 'projects/p.yaml': project.replace('[dev]', '[dve]') })

test('a diagnostic is a place, words, the line with its mark, and what to do', () => {
  const root = faulty()
  const { diagnostics } = load(root, known)
  expect(renderDiagnostics(diagnostics, { color: false, from: root })).toBe(
    [
      'projects/p.yaml:6:20 error: `can_dm` of `lead` names `dve`, which is no agent of project `p`',
      '  6 |   lead: { can_dm: [dve], can_broadcast: [all] }',
      `  ${' '.repeat(4 + 19)}^^^`,
      '  Try: did you mean dev?',
    ].join('\n'),
  )
  const unused = load(teamRoot({ 'projects/p.yaml': project.replace('[dev]', '[dev], protected: true') }), known).diagnostics
  expect(renderDiagnostics(unused, { color: false })).toBe('')
  expect(renderDiagnostics(unused, { color: false, verbose: true })).toContain('info: `protected` is not used yet')
  expect(renderDiagnostics(diagnostics, { color: true })).toContain('\u001b[31merror\u001b[39m')
})

test('a long line is cut around its mark', () => {
  const root = teamRoot({ 'projects/p.yaml': project.replace('[dev]', `[${'dev, '.repeat(200)}dve]`) })
  const [, line = '', mark = ''] = renderDiagnostics(load(root, known).diagnostics, { color: false }).split('\n')
  expect(line.length).toBeLessThan(120)
  expect(line.slice(mark.indexOf('^'), mark.indexOf('^') + 3)).toBe('dve')
})

test('what files say never reaches the terminal as orders', () => {
  expect(visible('a\u001b[2J\u202eb\u200bc\u0007')).toBe('a\\u001b[2J\\u202eb\\u200bc\\u0007')
})

test('the report has the documented shape, and teamOrThrow the same lines', () => {
  const loaded = load(faulty(), known)
  const report = validateReport(loaded)
  expect(report).toMatchObject({ ok: false, projects: 1, agents: 2 })
  expect(Object.keys(report.diagnostics[0]!)).toEqual(['severity', 'file', 'line', 'column', 'message', 'hint'])
  expect(validateSummary(loaded)).toBe('1 error')
  expect(() => teamOrThrow(loaded)).toThrow(
    expect.objectContaining({ code: 'config', facts: { diagnostics: [report.diagnostics[0]] } }),
  )
  const good = load(teamRoot(), known)
  expect(validateSummary(good)).toBe('ok · 1 project · 2 agents')
  expect(teamOrThrow(good)).toBe(good.team)
})
