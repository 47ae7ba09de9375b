import { afterEach, describe, expect, it } from 'vitest'
import { longPatience, until } from './runtime-stage.ts'
import { on, overAgain, say, tell, tool, Trials, type RuntimeSubject } from './runtime-subject.ts'

/** A conversation that is asked to become shorter. */
export function runtimeCompaction(subject: RuntimeSubject): void {
  const { abilities } = subject.make()
  if (!abilities.compact) return
  const rungs = abilities.rungs.idle
  const trials = new Trials(subject, [on('SAY', say('THESE-WERE-ITS-WORDS')), on('HOLD', tool('hold'), say('held and done'))])
  afterEach(async () => await trials.clear())

  describe('a conversation', { timeout: longPatience }, () => {
    it('is shortened while it is idle, not in the middle of a turn, and gone on with from the summary', async () => {
      const stage = await trials.stage()
      const run = await trials.start(stage)
      for (const words of ['SAY please', 'and once more']) await overAgain(run, (await tell(stage, run, words, rungs)).from)
      expect(stage.asked.at(-1)).toContain('THESE-WERE-ITS-WORDS')
      expect(await run.session.compact?.()).toMatchObject({ result: 'done' })
      await until('it is idle again', () => run.signals.findLast(({ type }) => type === 'busy' || type === 'idle')?.type === 'idle')
      const { marker, from } = await tell(stage, run, 'HOLD please', rungs)
      await until('the tool waits', () => stage.holding === 1)
      await run.signal('proof', (signal) => signal.marker === marker, from)
      expect(stage.asked.at(-1)).toContain('HOLD please')
      expect(stage.asked.at(-1)).not.toContain('THESE-WERE-ITS-WORDS')
      expect(await run.session.compact?.()).toMatchObject({ result: 'later' })
      stage.letGo()
      await overAgain(run, from)
    })
  })
}
