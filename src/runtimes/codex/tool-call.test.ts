import { describe, expect, it } from 'vitest'
import { callAnswer, callKey, promptAnswer, toolCall } from './tool-call.ts'

const event = (tool_name: string, tool_input: unknown, more: object = {}) => ({ hook_event_name: 'PreToolUse', cwd: '/w', tool_name, tool_input, ...more })

describe('a call that Codex’s hook tells of', () => {
  it('of a shell is the same call with other words about it', () => {
    const [call, asked] = [toolCall(event('Bash', { command: 'git push' })), toolCall(event('Bash', { command: 'git push', description: 'may I' }))]
    expect(call).toMatchObject({ kind: 'shell', command: 'git push', cwd: '/w' })
    expect(callKey(call!)).toBe(callKey(asked!))
  })

  it('of a patch names the files that it changes, and is no command', () => {
    const command = '*** Begin Patch\n*** Add File: a b.txt\n+hi\n*** Update File: ../out\n*** Move to: /etc/x\n*** End Patch'
    expect(toolCall(event('apply_patch', { command }))).toMatchObject({ kind: 'edit', command: null, paths: ['a b.txt', '../out', '/etc/x'] })
  })

  it.each([
    ['mcp__team__dm', 'team'],
    ['mcp__other__do', 'other'],
    ['view_image', 'read'],
    ['update_plan', 'own'],
    ['something_new', 'other'],
  ])('%s is of the kind %s', (tool, kind) => {
    expect(toolCall(event(tool, {}))?.kind).toBe(kind)
  })

  it('says whether a subagent begins another', () => {
    expect(toolCall(event('spawn_agent', {}))?.spawns).toEqual({ nested: false })
    expect(toolCall(event('spawn_agent', {}, { agent_id: 'x' }))?.spawns).toEqual({ nested: true })
    expect(toolCall({ hook_event_name: 'Stop', cwd: '/w' })).toBeNull()
  })
})

it('lets a call through by silence alone, and takes what nobody could judge for a no', () => {
  expect([callAnswer({ do: 'pass' }), callAnswer({ do: 'allow', why: 'ok' })]).toEqual([{}, {}])
  for (const verdict of ['deny', 'ask'] as const) {
    expect(callAnswer({ do: verdict, why: 'no' })).toEqual({ hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'deny', permissionDecisionReason: 'no' } })
  }
})

it('answers a question, or leaves it to whoever is at the terminal', () => {
  const told = (decision: object) => ({ hookSpecificOutput: { hookEventName: 'PermissionRequest', decision } })
  expect(promptAnswer({ do: 'allow', why: 'yes' })).toEqual(told({ behavior: 'allow' }))
  expect(promptAnswer({ do: 'deny', why: 'no' })).toEqual(told({ behavior: 'deny', message: 'no' }))
  expect([promptAnswer({ do: 'pass' }), promptAnswer({ do: 'ask', why: '' })]).toEqual([{}, {}])
})
