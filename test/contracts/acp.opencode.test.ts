import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { onePixel } from '../fixtures/one-pixel.ts'
import { acpDescriptor, openCodeByAcp } from './acp-subject.ts'
import { withCli } from './cli-program.ts'
import { until } from './runtime-stage.ts'
import { on, overAgain, say, tell, Trials } from './runtime-subject.ts'

withCli('opencode', 'TROUPE_OPENCODE', () => describe('OpenCode over the Agent Client Protocol', () => {
  const subject = openCodeByAcp(acpDescriptor('opencode', ['acp']))
  const trials = new Trials(subject, [on('ASK-YES', subject.shell('touch yes'), say('asked and done')), on('SLOW', { do: 'text' as const, text: 'too late', delay: 600_000 })])
  afterEach(async () => await trials.clear())

  // It takes seconds to start: one launch for all of it.
  it('takes messages with proof, asks leave through the gate, is interrupted and goes on, and sees the pictures of a message', async () => {
    const stage = await trials.stage({ agent: { mode: 'protocol', model: 'fake/fake-model' } })
    const prompts: string[] = []
    stage.verdict = ({ stage: at, call }) => {
      if (at === 'prompt') prompts.push(String(call.command))
      return at === 'prompt' ? { do: 'allow', why: 'a person said so' } : { do: 'pass' }
    }
    const run = await stage.start()
    await run.signal('ready').catch(async () => await run.signal('ready'))
    const first = await tell(stage, run, 'hello', ['push'])
    await run.signal('proof', ({ marker }) => marker === first.marker)
    await overAgain(run, first.from)
    const { usage } = await run.signal('usage')
    expect(stage.model.requests().filter(({ kind }) => kind === 'turn').map((each) => ({ model: each.model, tokens: each.usage }))).toEqual([{ model: usage.model, tokens: usage.tokens }])
    expect(stage.asked.some((body) => body.includes('BRIEFING-OF-ALICE'))).toBe(true)
    expect(stage.model.requests().find(({ kind }) => kind === 'turn')?.model).toBe('fake-model')
    const asked = await tell(stage, run, 'ASK-YES', ['push'])
    await run.signal('waiting', undefined, asked.from)
    await overAgain(run, asked.from)
    expect(prompts).toEqual(['touch yes'])
    expect(existsSync(join(stage.cwd, 'yes'))).toBe(true)
    const slow = await tell(stage, run, 'SLOW please', ['push'])
    await until('the model was asked', () => stage.asked.some((body) => body.includes('SLOW please')))
    await run.session.interrupt()
    await run.signal('idle', undefined, slow.from)
    const after = await tell(stage, run, 'and now', ['push'])
    await overAgain(run, after.from)
    const looking = run.signals.length
    expect(await run.session.deliver('push', stage.parcel('peer', 'look', undefined, onePixel(77)))).toMatchObject({ result: 'taken' })
    await overAgain(run, looking)
    expect(stage.asked.some((body) => body.includes(onePixel(77).toString('base64')))).toBe(true)
    expect(run.signals.filter(({ type }) => type === 'failure')).toEqual([])
    run.forget()
  }, 240_000)
}))
