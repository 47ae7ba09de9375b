import { afterEach, describe, expect, it } from 'vitest'
import type { Launch, Signal } from '../../src/core/runtime.ts'
import { longPatience, until, type Run, type RuntimeStage } from './runtime-stage.ts'
import { on, say, tool, Trials, type RuntimeSubject } from './runtime-subject.ts'

/** The contract of one-shot runs, on the real CLI; `subject.make` gives the runtime in that mode. */
export function oneshotContract(name: string, subject: RuntimeSubject): void {
  const { abilities } = subject.make()
  const trials = new Trials(subject, [
    on('TIDY-UP', say('all is tidy')),
    on('HOLD', tool('hold'), say('held and done')),
    on('FORBIDDEN', { do: 'fail', how: { kind: 'status', status: 401, headers: {}, message: 'invalid x-api-key' }, times: subject.tries, delay: 0 }),
    on('PUSH', subject.shell('git push origin main'), say('pushed or not')),
  ])
  afterEach(async () => await trials.clear())

  const set = async (task: string) => await trials.stage({ agent: { mode: 'oneshot', task } })
  const start = async (stage: RuntimeStage, session: string | null = null, change?: (launch: Launch) => Launch): Promise<Run> => await stage.start(session, change)

  describe(`one-shot runs of ${name}`, { timeout: longPatience }, () => {
    it('do their task to the end: what it costs, what is said, exit 0; the task stands in no argv', async () => {
      const stage = await set('TIDY-UP please')
      const run = await start(stage)
      const { ok, text } = await run.signal('result')
      expect({ ok, text }).toEqual({ ok: true, text: 'all is tidy' })
      expect(await run.ended()).toEqual({ code: 0, signal: null })
      expect(run.signals.slice(0, 2).map(({ type }) => type)).toEqual(expect.arrayContaining(['ready', 'busy']))
      expect(await run.signal('said')).toMatchObject({ text: 'all is tidy' })
      expect(run.launch.spec.argv.join(' ')).not.toMatch(/TIDY-UP|token-of-alice/)
      expect(stage.asked.some((body) => body.includes('BRIEFING-OF-ALICE'))).toBe(true)
      if (abilities.usage) expect(totals(run.signals)).toEqual(askedFor(stage))
      if (!abilities.resume) return
      // agentic-team #7: the id of the conversation was never caught. #20: the flag of the prompt took the one to resume for its value.
      const { id } = await run.signal('session')
      const again = await start(stage, id)
      expect((await again.signal('session')).id).toBe(id)
      await again.signal('result')
      const [before, after] = stage.model.requests().filter((each) => each.kind === 'turn')
      expect(after!.usage.cacheRead).toBeGreaterThan(before!.usage.cacheRead)
    })

    it('that end while nobody looks after them are heard of by the next who does', async () => {
      const stage = await set('HOLD please')
      const run = await start(stage)
      await until('the tool waits', () => stage.holding === 1)
      run.forget()
      stage.letGo()
      await until('it has ended', async () => (await run.screen()).includes('ended, exit 0'))
      const adopted = trials.adopt(run)
      expect(await adopted.signal('result')).toMatchObject({ ok: true, text: 'held and done' })
      expect(await adopted.ended()).toEqual({ code: 0, signal: null })
      if (abilities.usage) expect(totals(adopted.signals)).toEqual(askedFor(stage))
    })

    it('fail where the model refuses them, with the class of it and an exit code that is not 0', async () => {
      const stage = await set('FORBIDDEN')
      const run = await start(stage, null, subject.impatient)
      const { ok, text } = await run.signal('result')
      expect({ ok, text }).toEqual({ ok: false, text: expect.stringMatching(/./) as string })
      expect(run.signals.flatMap((signal) => (signal.type === 'failure' ? [signal.class] : []))).toEqual(['auth'])
      expect((await run.ended()).code).not.toBe(0)
    })

    if (abilities.gate) it('have their calls held like any other’s', async () => {
      const stage = await trials.stage({ agent: { mode: 'oneshot', task: 'PUSH', permissionMode: 'auto' } })
      stage.verdict = ({ call }) => (call.command?.includes('git push') === true ? { do: 'deny', why: 'not without a person of the team' } : { do: 'pass' })
      const run = await start(stage)
      await run.signal('result')
      expect(stage.pushed).toBe(false)
      expect(stage.asked.some((body) => body.includes('not without a person of the team'))).toBe(true)
    })
  })
}

const names = ['input', 'output', 'cacheRead', 'cacheWrite'] as const

function sum(all: readonly Partial<Record<(typeof names)[number], number>>[]) {
  return Object.fromEntries(names.map((name) => [name, all.reduce((total, each) => total + (each[name] ?? 0), 0)]))
}

/** The last reading of each key counts. */
function totals(signals: Signal[]) {
  const last = new Map(signals.flatMap((signal) => (signal.type === 'usage' ? [[signal.usage.key, signal.usage.tokens] as const] : [])))
  return sum([...last.values()])
}

function askedFor(stage: RuntimeStage) {
  return sum(stage.model.requests().map(({ usage }) => usage))
}
