import { expect, it } from 'vitest'
import type { AppServer } from './app-server.ts'
import { dialogOf, findStartDialog } from './dialogs.ts'
import type { Question } from './protocol.ts'
import { Questions } from './questions.ts'

const asks = (id: number, command: string): Question => ({ id, method: 'item/commandExecution/requestApproval', params: { threadId: 't', turnId: 'u', itemId: 'c', command, reason: null } })

function answers() {
  const given: unknown[] = []
  return { given, server: { answer: (question: Question, result: unknown) => given.push([question.id, result]) } as unknown as AppServer }
}

it('answers the question about exactly this call, once', () => {
  const { given, server } = answers()
  const questions = new Questions()
  questions.asked(asks(1, "/bin/bash -lc 'git push'"))
  questions.asked(asks(2, '/bin/bash -lc ls'))
  expect(questions.settle({ input: { command: 'git' } }, 'approve', server)).toBe(false)
  expect(questions.settle({ input: { command: 'push' } }, 'approve', server)).toBe(false)
  expect(questions.settle({ input: { command: 'git push' } }, 'deny', server)).toBe(true)
  expect(questions.settle({ input: { command: 'git push' } }, 'approve', server)).toBe(false)
  expect(questions.settle({ input: { command: 'ls' } }, 'approve', server)).toBe(true)
  expect(given).toEqual([[1, { decision: 'decline' }], [2, { decision: 'accept' }]])
})

it('leaves what somebody else answered alone', () => {
  const { given, server } = answers()
  const questions = new Questions()
  questions.asked(asks(1, 'ls'))
  questions.over(1)
  expect(questions.last).toBeNull()
  expect(questions.settle({ input: { command: 'ls' } }, 'approve', server)).toBe(false)
  expect(given).toEqual([])
})

it('names what is asked in one line that a terminal can show', () => {
  expect(dialogOf(asks(1, `echo \u001B[31m\n${'x'.repeat(300)}`))).toMatchObject({ what: 'permission for a command', evidence: expect.stringMatching(/^asks for echo [^\u001B\n]{1,121}…$/) })
})

it.each([
  ['  Trust this folder?\n› 1. Trust and continue', /trusted/],
  ['  Hooks need review\n  1 hook is new or changed.', /hooks/],
])('knows what is asked before there is a conversation: %s', (screen, what) => {
  expect(findStartDialog(screen)?.what).toMatch(what)
  expect(findStartDialog('› Ask Codex to do anything')).toBeNull()
})
