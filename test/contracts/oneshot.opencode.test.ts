import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { opencode } from '../../src/runtimes/opencode/index.ts'
import { oneshotContract } from './oneshot.ts'
import { withOpencode } from './opencode-program.ts'
import { opencodeSubject } from './opencode-subject.ts'
import { on, say, Trials } from './runtime-subject.ts'

withOpencode((env) => {
  const subject = { ...opencodeSubject(env), make: () => opencode(null, 'oneshot') }
  oneshotContract('opencode', subject)

  const trials = new Trials(subject, [on('TOUCH', subject.shell('touch yes'), subject.shell('touch no'), say('tried both'))])
  afterEach(async () => await trials.clear())

  it('makes a call that troupe allows, and none that nobody speaks for, since nobody can be asked', async () => {
    const stage = await trials.stage({ agent: { mode: 'oneshot', task: 'TOUCH', permissionMode: 'auto' } })
    stage.verdict = ({ call }) => (call.command === 'touch yes' ? { do: 'allow', why: 'inside its folder' } : { do: 'pass' })
    const run = await stage.start()
    expect(await run.signal('result')).toMatchObject({ ok: true, text: 'tried both' })
    expect(['yes', 'no'].map((name) => existsSync(join(stage.cwd, name)))).toEqual([true, false])
  })
})
