import { afterEach, expect, it } from 'vitest'
import { withCodex } from './codex-program.ts'
import { codexSubject } from './codex-subject.ts'
import { until } from './runtime-stage.ts'
import { on, overAgain, say, tell, tool, Trials } from './runtime-subject.ts'

withCodex((env) => {
  const subject = codexSubject(env)
  const { rungs } = subject.make().abilities
  const trials = new Trials(subject, [on('HOLD', tool('hold'), say('held and done'))])
  afterEach(async () => await trials.clear())

  it('shortens its conversation when it is idle, not in the middle of a turn, and goes on with the summary', async () => {
    const stage = await trials.stage()
    const run = await trials.start(stage)
    const held = await tell(stage, run, 'HOLD please', rungs.idle)
    await until('the tool waits', () => stage.holding === 1)
    expect(await run.session.compact?.()).toMatchObject({ result: 'later' })
    stage.letGo()
    await overAgain(run, held.from)
    const from = run.signals.length
    expect(await run.session.compact?.()).toMatchObject({ result: 'done' })
    expect(stage.model.requests().at(-1)?.kind).toBe('side')
    await overAgain(run, from)
    const asked = stage.asked.length
    const after = await tell(stage, run, 'what now?', rungs.idle)
    // The person's words are kept, so that the scripted model begins again with them; its own are in the summary alone.
    await until('the tool waits again', () => stage.holding === 1)
    expect(stage.asked[asked]).toContain('HOLD please')
    expect(stage.asked[asked]).not.toContain('held and done')
    stage.letGo()
    await overAgain(run, after.from)
  })
})
