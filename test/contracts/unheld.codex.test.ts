import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import type { Launch } from '../../src/core/runtime.ts'
import { codex } from '../../src/runtimes/codex/index.ts'
import { unheld } from '../../src/runtimes/codex/hooks.ts'
import { withCodex } from './codex-program.ts'
import { codexSubject } from './codex-subject.ts'
import { longPatience } from './runtime-stage.ts'
import { on, say, Trials } from './runtime-subject.ts'

const noHooks = ['-c', 'features.hooks=false']

/** As if this version made the hash of a hook in another way. */
const untrusted = (launch: Launch): Launch => {
  const file = join(launch.spec.env['CODEX_HOME'] ?? '', 'config.toml')
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/"sha256:[0-9a-f]{8}/g, '"sha256:00000000'))
  return launch
}

withCodex((env) => {
  const subject = codexSubject(env)
  const trials = (['terminal', 'protocol', 'oneshot'] as const).map((mode) => ({
    mode,
    trials: new Trials({ ...subject, make: () => codex(null, mode) }, [on('PUSH', subject.shell('git push origin main'), say('pushed'))]),
  }))
  afterEach(async () => await Promise.all(trials.map((each) => each.trials.clear())))

  const cases = trials.slice(0, 2).flatMap((each) => [{ ...each, args: noHooks }, { ...each, args: [] }])
  // Of a protocol the args are its server's: as for a task, below.
  it.each(cases.filter(({ mode, args }) => mode === 'terminal' || args.length === 0))('gives nothing to do to a Codex (mode $mode, args $args) whose hook would not run', async ({ mode, trials: own, args }) => {
    const stage = await own.stage({ agent: { mode, args } })
    const run = await stage.start(null, args.length === 0 ? untrusted : undefined)
    if (mode === 'terminal' && args.length === 0) {
      // It asks at its terminal whether to trust them, and whoever is there may go on without.
      expect(await run.signal('waiting')).toMatchObject({ what: 'a review of hooks' })
      await run.type({ keys: ['Escape'] })
    }
    const failure = await run.signal('failure')
    expect(failure).toMatchObject({ class: 'config', why: unheld.why, fix: expect.stringMatching(/./) as string })
    expect(await run.session.deliver('push', stage.parcel('operator', 'PUSH'))).toMatchObject({ result: 'refused' })
    run.forget()
    expect(stage.model.requests()).toEqual([])
  }, longPatience)

  it('starts no task where the hook would not run', async () => {
    const stage = await trials[2]!.trials.stage({ agent: { mode: 'oneshot', task: 'PUSH', args: noHooks } })
    await expect(stage.start()).rejects.toMatchObject({ code: 'config', message: unheld.why })
    expect(stage.model.requests()).toEqual([])
    const other = await trials[2]!.trials.stage({ agent: { mode: 'oneshot', task: 'PUSH', args: ['--ignore-user-config'] } })
    await expect(other.start()).rejects.toMatchObject({ code: 'config', message: expect.stringContaining('--ignore-user-config') as string })
  }, longPatience)
})
