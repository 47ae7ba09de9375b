import { expect, it } from 'vitest'
import { anthropic } from '../../src/proxy/anthropic.ts'
import { gemini } from '../../src/proxy/gemini.ts'
import { openaiChat } from '../../src/proxy/openai-chat.ts'
import type { Answer, Ask, Wire } from '../../src/proxy/wire.ts'
import { classify as claudes } from '../../src/runtimes/claude/failure.ts'
import { classify as geminis } from '../../src/runtimes/gemini/failure.ts'
import { classifyRetry as opencodes } from '../../src/runtimes/opencode/failure.ts'

const now = Date.UTC(2026, 10, 21, 12)
const until = now + 3_600_000

async function bodyOf(wire: Wire): Promise<{ error: { message: string } }> {
  const reply = wire.fail(wire.usedUp(until, now), {} as Ask, {} as Answer)
  expect(reply.status).toBe(429)
  return (await reply.json()) as { error: { message: string } }
}

/** As each CLI shows it; Codex makes words of its own of a moment, which its suite tries. */
it.each([
  ['Claude Code', async () => claudes('rate_limit', `API Error: Request rejected (429) · ${(await bodyOf(anthropic)).error.message}`, now)],
  ['Gemini CLI', async () => geminis(`[API Error: ${JSON.stringify(await bodyOf(gemini))}]\nPlease retry in 3600s`, now)],
  ['OpenCode', async () => opencodes({ attempt: 1, message: (await bodyOf(openaiChat)).error.message, next: now + 2_000 }, now)],
])('the limit of a scenario is one to %s, with its end', async (_cli, told) => {
  expect(await told()).toMatchObject({ class: 'quota', until })
})
