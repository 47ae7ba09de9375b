import { expect, it } from 'vitest'
import { ForwardedQuestions } from '../forwarded.ts'
import { promptAnswer, promptedCall, showsPrompt } from './prompts.ts'

const rule = '─'.repeat(80)
const broken = '╌'.repeat(80)
const dialog = (...shown: string[]): string =>
  ['● As the test says', '  ⎿  $ touch one', rule, ' Bash command', ' as the test says', broken, ...shown.map((line) => ` ${line}`), broken, ' Do you want to proceed?', ' ❯ 1. Yes', '   2. Yes, and always allow', '   4. No', ''].join('\n')
const touch = { tool: 'Bash', input: { command: 'touch one' } }

it('recognises a prompt by the command that it shows, and by nothing else', () => {
  expect(showsPrompt(dialog('touch one'), touch)).toBe(true)
  expect(showsPrompt(dialog('touch one two'), touch)).toBe(false)
  expect(showsPrompt(dialog('touch one', 'rm -r /'), touch)).toBe(false)
  expect(showsPrompt(dialog('touch  one'), touch)).toBe(false)
  expect(showsPrompt(dialog('touch one').replace('❯ 1. Yes', '  1. Yes'), touch)).toBe(false)
  // An old dialog above, something else below.
  expect(showsPrompt(`${dialog('touch one')}\n${rule}\n❯ \n${rule}\n`, touch)).toBe(false)
  expect(showsPrompt(dialog(''), { tool: 'Edit', input: { file_path: '/a' } })).toBe(false)
})

it('forwards what a yes or a no answers', () => {
  const event = (tool_name: string) => ({ hook_event_name: 'PermissionRequest', cwd: '/w', tool_name, tool_input: { command: 'ls' } })
  expect(promptedCall(event('Bash'))).toMatchObject({ tool: 'Bash', command: 'ls' })
  expect(promptedCall(event('mcp__team__dm'))).toBeNull()
  expect(promptedCall({ ...event('AskUserQuestion'), tool_input: {} })).toBeNull()
})

it('tells of answers at the terminal until it is answered by the hook', () => {
  const prompts = new ForwardedQuestions()
  const call = promptedCall({ cwd: '/w', tool_name: 'Bash', tool_input: { command: 'ls' } })!
  const heard: string[] = []
  const first = prompts.gate('a', call, 1, promptAnswer).elsewhere!((verdict) => heard.push(`a ${verdict}`))
  prompts.gate('b', call, 1, promptAnswer).elsewhere!((verdict) => heard.push(`b ${verdict}`))
  first()
  expect(prompts.open).toBe(true)
  prompts.left('deny')
  expect([heard, prompts.open]).toEqual([['b deny'], false])
  prompts.gate('c', call, 1, promptAnswer).elsewhere!((verdict) => heard.push(`c ${verdict}`))
  prompts.made('other')
  prompts.made('c')
  prompts.left('deny')
  expect(heard).toEqual(['b deny', 'c approve'])
})

it('answers as Claude reads it, and leaves the question at the terminal where it has no opinion', () => {
  expect(promptAnswer({ do: 'ask', why: 'a fault' })).toEqual({})
  expect(promptAnswer({ do: 'deny', why: 'no' })).toEqual({ hookSpecificOutput: { hookEventName: 'PermissionRequest', decision: { behavior: 'deny', message: 'no' } } })
})
