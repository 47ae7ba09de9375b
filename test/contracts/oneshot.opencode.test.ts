import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { opencode } from '../../src/runtimes/opencode/index.ts'
import { oneshotContract } from './oneshot.ts'
import { withOpencode } from './opencode-program.ts'
import { opencodeSubject } from './opencode-subject.ts'
import { longPatience } from './runtime-stage.ts'
import { on, say, Trials } from './runtime-subject.ts'

withOpencode((env) => {
  const subject = { ...opencodeSubject(env), make: () => opencode(null, 'oneshot') }
  oneshotContract('opencode', subject)

  const resets = Math.floor(Date.now() / 1000) * 1000 + 3_600_000
  const trials = new Trials(subject, [
    on('TOUCH', subject.shell('touch yes'), subject.shell('touch no'), say('tried both')),
    on('LIMIT', { do: 'fail', how: subject.limit.how(resets), times: 100, delay: 0 }),
  ])
  afterEach(async () => await trials.clear())

  it('makes a call that troupe allows, and none that nobody speaks for, since nobody can be asked', async () => {
    const stage = await trials.stage({ agent: { mode: 'oneshot', task: 'TOUCH', permissionMode: 'auto' } })
    stage.verdict = ({ call }) => (call.command === 'touch yes' ? { do: 'allow', why: 'inside its folder' } : { do: 'pass' })
    const run = await stage.start()
    expect(await run.signal('result')).toMatchObject({ ok: true, text: 'tried both' })
    expect(['yes', 'no'].map((name) => existsSync(join(stage.cwd, name)))).toEqual([true, false])
  })

  it('is ended where it would wait for ever, with the time when its allowance is given again', { timeout: longPatience }, async () => {
    const stage = await trials.stage({ agent: { mode: 'oneshot', task: 'LIMIT' } })
    const run = await stage.start()
    const { until } = await run.signal('failure', (signal) => signal.class === 'quota')
    expect(Math.abs((until ?? 0) - resets)).toBeLessThanOrEqual(60_000)
    expect(await run.signal('result')).toMatchObject({ ok: false, text: expect.stringContaining('Rate limit') as string })
    expect((await run.ended()).code).not.toBe(0)
  })
})
