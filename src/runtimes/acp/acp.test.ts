import { describe, expect, it } from 'vitest'
import type { SessionContext } from '../../core/runtime.ts'
import { choicesOf, modelOf } from './choices.ts'
import { failureOf } from './failure.ts'
import { Greeting } from './greeting.ts'
import { message as read, session } from './messages.ts'
import { usageOf } from './usage.ts'

describe('an error in the place of an answer', () => {
  it.each([
    // As the agents were seen to say it, the provider's words in it.
    [401, '{"error":{"code":401,"message":"invalid x-api-key","status":"UNAUTHENTICATED"}}', undefined, 'auth', 'invalid x-api-key: UNAUTHENTICATED'],
    [-32_603, 'Internal error: invalid x-api-key', { service: 'session' }, 'auth', 'Internal error: invalid x-api-key: {"service":"session"}'],
    [-32_000, 'Gemini API key is missing or not configured.', undefined, 'auth', 'Gemini API key is missing or not configured.'],
    [-32_603, 'Internal error', { details: 'Unauthorized' }, 'auth', 'Internal error: {"details":"Unauthorized"}'],
    [402, 'out of funds', undefined, 'quota', 'out of funds'],
    [429, 'You exceeded your current quota.', undefined, 'quota', 'You exceeded your current quota.'],
    [-32_603, 'Internal error: insufficient quota', undefined, 'quota', 'Internal error: insufficient quota'],
    // The status decides, whatever else is said.
    [429, 'slow down, invalid x-api-key', undefined, 'transient', 'slow down, invalid x-api-key'],
    [500, 'quota service: 401 unauthorized', undefined, 'transient', 'quota service: 401 unauthorized'],
    [-32_603, 'Internal error', undefined, 'transient', 'Internal error'],
  ] as const)('%i %s is %s', (code, message, data, becomes, why) => {
    expect(failureOf({ code, message, data })).toMatchObject({ class: becomes, why, until: null })
  })
})

describe('what an agent tells of its tokens', () => {
  it.each([
    [{ stopReason: 'end_turn' }, []],
    [{ usage: null, _meta: { quota: { model_usage: 'none' } } }, []],
    [{ usage: { inputTokens: 75, outputTokens: 1, thoughtTokens: 4, totalTokens: 7_904, cachedReadTokens: 7_824 } }, [{ model: 'm', tokens: { input: 75, output: 5, cacheRead: 7_824, cacheWrite: 0 } }]],
    [
      { _meta: { quota: { model_usage: [{ model: 'a', token_count: { input_tokens: 9, output_tokens: 2 } }, { token_count: { input_tokens: -9, output_tokens: '2' } }, { model: 'b', token_count: { output_tokens: 1 } }] } } },
      [{ model: 'a', tokens: { input: 9, output: 2, cacheRead: 0, cacheWrite: 0 } }, { model: 'b', tokens: { input: 0, output: 1, cacheRead: 0, cacheWrite: 0 } }],
    ],
  ])('%j', (result, told) => {
    expect(usageOf(result, 'm')).toEqual(told)
  })
})

describe('what is chosen in a conversation', () => {
  const options = session.parse({
    sessionId: 's1',
    configOptions: [
      { id: 'which', category: 'model', currentValue: 'x/one', options: [{ value: 'x/one' }, { value: 'x/two' }] },
      { id: 'mode', currentValue: 'build', options: [{ name: 'a group' }, { value: 'build' }, { value: 'plan' }] },
      { id: 'a switch', currentValue: true },
    ],
  })
  const listed = session.parse({ sessionId: 's1', models: { currentModelId: 'one' }, modes: { currentModeId: 'default', availableModes: [{ id: 'default' }, { id: 'yolo' }] } })

  it.each([
    [options, 'x/two', 'plan', [['session/set_config_option', 'x/two'], ['session/set_config_option', 'plan']]],
    [options, 'x/one', 'bypass', []],
    [listed, 'two', 'bypass', [['session/set_model', 'two'], ['session/set_mode', 'yolo']]],
    [listed, 'one', 'manual', []],
    [session.parse({ sessionId: 's1' }), 'two', 'plan', []],
  ] as const)('%#', (opened, model, mode, expected) => {
    expect(choicesOf(opened, 's1', { model, mode }).map(({ method, params }) => [method, params['value'] ?? params['modelId'] ?? params['modeId']])).toEqual(expected)
  })

  it('begins with the model that the agent tells', () => {
    expect([options, listed, session.parse({})].map(modelOf)).toEqual(['x/one', 'one', null])
  })
})

describe('an answer that is not as the protocol has it', () => {
  it('is read where it only says of what it has not that it is null', () => {
    expect(read.parse({ id: 'a', method: null, params: null, result: { stopReason: 'end_turn' }, error: null })).toEqual({ id: 'a', method: undefined, params: undefined, result: { stopReason: 'end_turn' }, error: undefined })
    expect(read.parse({ id: 'a', error: { code: 'E1', message: 7 } }).error).toEqual({ code: 0, message: '' })
  })

  it.each([
    ['initialize', { id: 'a', result: { authMethods: [{ name: 'a login without an id' }] } }, 'config'],
    ['session/new', { id: 'a', result: 'none' }, 'config'],
    ['initialize', { id: 'a', error: { code: -32_602, message: 'protocol version 1 is not supported' } }, 'transient'],
  ] as const)('is a failure that is told: %s %j', (method, answer, becomes) => {
    const greeting = new Greeting({ agent: {}, folder: '/', session: null } as unknown as SessionContext)
    expect(greeting.answered(method, read.parse(answer))).toMatchObject({ is: 'refused', failure: { class: becomes, why: expect.any(String) } })
    if (becomes === 'config') expect(greeting.next()).toBeNull()
  })
})
