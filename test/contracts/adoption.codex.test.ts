import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { withCodex } from './codex-program.ts'
import { codexSubject } from './codex-subject.ts'
import { newState, onSignal } from '../../src/core/plan.ts'
import type { AgentState } from '../../src/core/phase.ts'
import { codex } from '../../src/runtimes/codex/index.ts'
import { longPatience, until } from './runtime-stage.ts'
import { on, overAgain, say, tell, Trials } from './runtime-subject.ts'

withCodex((env) => {
  const subject = codexSubject(env)
  const { rungs } = subject.make().abilities
  const rules = [on('ASK', subject.shell('touch made'), say('asked and done')), on('LIMIT', { do: 'fail', how: subject.limit.how(Math.ceil(Date.now() / 1000) * 1000 + 3_600_000), times: 1, delay: 0 }, say('recovered'))]
  const trials = new Trials(subject, rules)
  const inLane = new Trials({ ...subject, make: () => codex(null, 'protocol') }, rules)
  afterEach(async () => await Promise.all([trials.clear(), inLane.clear()]))

  it('a question at the terminal that was asked of an earlier daemon is known to the next, which can answer it', async () => {
    const stage = await trials.stage()
    const run = await trials.start(stage)
    await tell(stage, run, 'ASK please', rungs.idle)
    await run.signal('waiting')
    await until('the question is drawn', async () => subject.asking.test(await run.screen()))
    const adopted = trials.adopt(run)
    const waiting = await adopted.signal('waiting', ({ evidence }) => evidence.what.includes('touch made'))
    const call = { tool: 'Bash', input: { command: 'touch made' } }
    expect(await adopted.session.settle?.({ ...call, input: { command: 'touch other' } }, 'approve')).toBe(false)
    expect(await adopted.session.settle?.(call, 'approve')).toBe(true)
    await overAgain(adopted, adopted.signals.indexOf(waiting))
    expect(existsSync(join(stage.cwd, 'made'))).toBe(true)
    expect(await adopted.session.settle?.(call, 'approve')).toBe(false)
  })

  it.each([{ mode: 'terminal' as const, own: trials }, { mode: 'protocol' as const, own: inLane }])('a turn that failed (mode $mode) is no news to a daemon whose store knows of it, and is to one whose store does not', async ({ mode, own }) => {
    const stage = await own.stage({ agent: { mode } })
    const run = await own.start(stage)
    await tell(stage, run, 'LIMIT', rungs.idle)
    const told = await run.signal('failure')
    await run.signal('idle', undefined, run.signals.indexOf(told))
    const adopted = own.adopt(run)
    const again = await adopted.signal('failure')
    const starting: AgentState = { ...newState('office:alice', 0), wanted: 'running', phase: { name: 'busy' }, incarnation: run.incarnation }
    const parked = onSignal(starting, told)
    expect(parked.phase).toMatchObject({ name: 'parked', limit: true })
    expect(onSignal(parked, again)).toBe(parked)
    expect(onSignal(starting, again).phase).toEqual({ ...parked.phase, until: expect.any(Number) as number })
  }, longPatience)
})
