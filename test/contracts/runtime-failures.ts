import { afterEach, describe, expect, it } from 'vitest'
import type { FailureClass } from '../../src/core/restart.ts'
import type { Failure, Step } from '../../src/proxy/scenario.ts'
import { longPatience, until, type Run, type RuntimeStage } from './runtime-stage.ts'
import { notesOf, on, overAgain, say, tell, Trials, type FailureWord, type RuntimeSubject } from './runtime-subject.ts'

const failures: [word: FailureWord, how: Failure, becomes: FailureClass][] = [
  ['500', { kind: 'status', status: 500, headers: {}, message: 'Internal server error' }, 'transient'],
  ['429', { kind: 'status', status: 429, headers: {}, message: 'slow down' }, 'transient'],
  ['STREAM', { kind: 'error', error: 'overloaded' }, 'transient'],
  ['401', { kind: 'status', status: 401, headers: {}, message: 'invalid x-api-key' }, 'auth'],
]

/** `resets` are told to the second by some providers, shown to the minute by some CLIs. ms */
const precision = 60_000

/** What becomes of a model that fails: each kind ends in a state of its own, told by a structured signal with its source. */
export function runtimeFailures(subject: RuntimeSubject): void {
  const { abilities } = subject.make()
  const rungs = abilities.rungs.idle
  const resets = Math.floor(Date.now() / 1000) * 1000 + 3_600_000
  const fails = (how: Failure, times = subject.tries): Step => ({ do: 'fail', how, times, delay: 0 })
  const isEndless = (word: FailureWord) => subject.endless?.includes(word) === true
  const trials = new Trials(subject, [
    ...failures.map(([word, how]) => on(`FAIL-${word}`, fails(how, isEndless(word) ? 1 : subject.tries), say('recovered'))),
    on('FAIL-DROP', fails({ kind: 'drop', midway: true }, 1), say('recovered')),
    on('FAIL-LIMIT', fails(subject.limit.how(resets)), say('recovered')),
  ])
  afterEach(async () => await trials.clear())

  describe('a model that fails', { timeout: longPatience }, () => {
    it('is asked again where its stream breaks off, or that is told; each other failure ends in a state of its own', async () => {
      const stage = await trials.stage()
      const run = await trials.start(stage, null, subject.impatient)
      if (subject.drops === 'turn') await ends(stage, run, 'DROP', 'transient')
      else await recovers(stage, run, 'FAIL-DROP')
      for (const [word, , becomes] of failures) {
        if (isEndless(word)) await recovers(stage, run, `FAIL-${word}`)
        else await ends(stage, run, word, becomes)
      }
      const told = new Set(run.signals.flatMap((signal) => (signal.type === 'failure' ? [signal.class] : [])))
      expect(told).toEqual(new Set(failures.flatMap(([word, , becomes]) => (isEndless(word) ? [] : [becomes]))))
    })

    it('that says its allowance is used up parks it, with the time when it is over', async () => {
      const stage = await trials.stage()
      const run = await trials.start(stage, null, subject.limit.launch ?? subject.impatient)
      const { from } = await tell(stage, run, 'FAIL-LIMIT', rungs)
      const failure = await run.signal('failure', undefined, from)
      expect(failure).toMatchObject({ class: 'quota', why: expect.stringMatching(/./) as string, evidence: { source: expect.stringMatching(/./) as string } })
      if (abilities.resets) expect(Math.abs((failure.until ?? 0) - resets)).toBeLessThanOrEqual(precision)
      else expect(failure.until).toBeNull()
    })
  })

  /** The turn goes on by itself, and that is told where the CLI can tell it; no failure is told of what was none. */
  async function recovers(stage: RuntimeStage, run: Run, words: string): Promise<void> {
    const { from } = await tell(stage, run, words, rungs)
    await until('it recovers', () => stage.model.requests().at(-1)?.outcome === 'answered')
    await overAgain(run, from)
    if (abilities.retries) await until(`the retry is told: ${words}`, () => notesOf(run, from).some((note) => /asked again/.test(note)))
    else expect(notesOf(run, from).filter((note) => /asked again/.test(note))).toEqual([])
    expect(run.signals.slice(from).filter((signal) => signal.type === 'failure')).toEqual([])
  }

  async function ends(stage: RuntimeStage, run: Run, word: FailureWord, becomes: FailureClass): Promise<void> {
    const { from } = await tell(stage, run, `FAIL-${word}`, rungs)
    const failure = await run.signal('failure', undefined, from)
    expect({ word, class: failure.class, until: failure.until }).toEqual({ word, class: becomes, until: null })
    expect([failure.why, failure.evidence.source]).toEqual([expect.stringMatching(/./), expect.stringMatching(/./)])
    await overAgain(run, from)
    // The cause is gone: until the model answers, the same process asks it anew.
    await until(`a turn after ${word} succeeds`, async () => {
      const again = await tell(stage, run, 'and now?', rungs)
      await overAgain(run, again.from)
      return stage.model.requests().at(-1)?.outcome === 'answered'
    })
  }
}
