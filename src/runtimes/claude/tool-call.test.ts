import { expect, it } from 'vitest'
import { permissionAnswer, toolCall } from './tool-call.ts'

const event = (tool_name: string, tool_input: unknown) => ({ hook_event_name: 'PreToolUse', cwd: '/w', tool_name, tool_input })

it.each([
  ['Bash', { command: 'ls', description: 'looks', timeout: 3, run_in_background: true }, { kind: 'shell', command: 'ls', input: { command: 'ls', run_in_background: true } }],
  ['Monitor', { command: 'git push' }, { kind: 'shell', command: 'git push' }],
  ['Edit', { file_path: '/w/a', description: 'kept' }, { kind: 'edit', paths: ['/w/a'], input: { file_path: '/w/a', description: 'kept' } }],
  ['Read', { file_path: 'a' }, { kind: 'read', paths: ['a'] }],
  ['WebFetch', { url: 'https://example.com' }, { kind: 'fetch' }],
  ['TodoWrite', {}, { kind: 'own' }],
  ['mcp__team__dm', { to: 'b' }, { kind: 'team' }],
  ['mcp__other__thing', null, { kind: 'other', input: {} }],
])('%s', (tool, input, expected) => {
  expect(toolCall(event(tool, input))).toMatchObject({ tool, cwd: '/w', ...expected })
})

it('knows a subagent that is asked for, and whether one asks for it', () => {
  expect(toolCall(event('Agent', { prompt: 'p' }))).toMatchObject({ spawns: { nested: false } })
  expect(toolCall({ ...event('Task', { prompt: 'p' }), agent_id: 'a1' })).toMatchObject({ spawns: { nested: true } })
  expect(toolCall(event('Read', {}))).not.toHaveProperty('spawns')
})

it('says nothing of an event without a tool or a place', () => {
  expect(toolCall({ hook_event_name: 'PreToolUse', cwd: '/w' })).toBeNull()
  expect(toolCall({ hook_event_name: 'PreToolUse', tool_name: 'Bash' })).toBeNull()
})

it('answers as Claude reads it, and with nothing where it has no opinion', () => {
  expect(permissionAnswer({ do: 'pass' })).toEqual({})
  expect(permissionAnswer({ do: 'deny', why: 'no' })).toEqual({ hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'deny', permissionDecisionReason: 'no' } })
})
