import { expect, it } from 'vitest'
import { checkWorkerName, workerName } from './worker.ts'

it('makes names of the words that say something', () => {
  expect(workerName('Please fix the auth bug in login', [])).toBe('fix-auth')
  expect(workerName('-n lead: "; rm -rf /"', [])).toBe('lead-rm')
  expect(workerName('Übersetze die Menüs', [])).toBe('ubersetze-die')
  expect(workerName('修复登录', [])).toBe('worker')
  expect(workerName('   ', ['worker', 'Worker-2'])).toBe('worker-3')
})

it('agentic-team #14 and its list of 26: names never run out', () => {
  const taken: string[] = []
  for (let i = 0; i < 300; i += 1) taken.push(workerName('修复', taken))
  expect(new Set(taken).size).toBe(300)
})

it('agentic-team #14: refuses what is no name, and what is taken in any spelling', () => {
  const check = (name: string) => () => checkWorkerName(name, ['lead', 'fix.auth', 'shop'], 'fix-2')
  for (const name of ['../../esc', 'has space', '', '-x', '.', '1', 'a/b', 'a\0', 'x'.repeat(61)]) expect(check(name)).toThrow(expect.objectContaining({ code: 'usage' }))
  for (const name of ['lead', 'LEAD', 'fix_auth', 'shop']) expect(check(name)).toThrow(expect.objectContaining({ code: 'conflict' }))
  for (const name of ['a.b', 'Upper', 'w1']) expect(check(name)).not.toThrow()
})
