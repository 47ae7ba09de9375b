import { expect, it } from 'vitest'
import { hooksOf, shellWords } from './hooks.ts'

it('writes the trust of a hook down as Codex does when a person says yes', () => {
  const hook = { event: 'PreToolUse', command: '/n/node /var/gate.mjs', timeout: 600 } as const
  const found = hooksOf('/h/config.toml', [hook])
  expect(found['PreToolUse']).toEqual([{ hooks: [{ type: 'command', command: '/n/node /var/gate.mjs', timeout: 600 }] }])
  // Of another command it is another hash: a hook that somebody changed is not run.
  const states = [hook, { ...hook, command: 'x' }, { ...hook, timeout: 1 }].map((each) => JSON.stringify(hooksOf('/h/config.toml', [each])['state']))
  expect(states[0]).toMatch(/^\{"\/h\/config\.toml:pre_tool_use:0:0":\{"trusted_hash":"sha256:[0-9a-f]{64}"\}\}$/)
  expect(new Set(states).size).toBe(3)
})

it('quotes words for a shell', () => {
  expect(shellWords(['/a/node', "it's", 'a b', '600', ''])).toBe(String.raw`/a/node 'it'\''s' 'a b' 600 ''`)
})
