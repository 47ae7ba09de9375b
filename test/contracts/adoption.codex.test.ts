import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { withCodex } from './codex-program.ts'
import { codexSubject } from './codex-subject.ts'
import { until } from './runtime-stage.ts'
import { on, overAgain, say, tell, Trials } from './runtime-subject.ts'

withCodex((env) => {
  const subject = codexSubject(env)
  const { rungs } = subject.make().abilities
  const trials = new Trials(subject, [on('ASK', subject.shell('touch made'), say('asked and done'))])
  afterEach(async () => await trials.clear())

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
})
