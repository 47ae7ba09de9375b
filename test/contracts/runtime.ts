import { afterEach, describe, expect, it } from 'vitest'
import type { Rung } from '../../src/core/ladder.ts'
import type { Runtime, Signal } from '../../src/core/runtime.ts'
import type { Rule, Step } from '../../src/proxy/scenario.ts'
import { RuntimeStage, until, type Run } from './runtime-stage.ts'

/** What a runtime brings to the suite. */
export interface RuntimeSubject {
  make(): Runtime
  /** Environment of the host: where the CLI is. */
  env: Record<string, string>
  /** A step that makes this CLI ask its user, in permission mode `manual`. */
  asks: Step
  /** What the screen shows while it asks. */
  asking: RegExp
}

const contains = (text: string) => (said: string) => (said.includes(text) ? [text] : null)
const say = (text: string): Step => ({ do: 'text', text, delay: 0 })
const hold: Step = { do: 'tool', tool: 'hold', args: {}, text: '', delay: 0 }

/** The contract of `core/runtime.ts`, on the real CLI: every claim of its abilities is tried. */
export function runtimeContract(name: string, subject: RuntimeSubject): void {
  const { abilities } = subject.make()
  const rules: Rule[] = [
    { when: contains('HOLD'), from: null, steps: [hold, say('held and done')] },
    { when: contains('ASK'), from: null, steps: [subject.asks, say('asked and done')] },
    { when: contains('SLOW'), from: null, steps: [{ do: 'text', text: 'too late', delay: 600_000 }] },
  ]
  const stages: RuntimeStage[] = []
  const runs: Run[] = []
  const stage = async () => {
    const made = await RuntimeStage.make(subject.make(), { env: subject.env, rules })
    stages.push(made)
    return made
  }
  const start = async (on: RuntimeStage, session: string | null = null) => {
    const run = await on.start(session)
    runs.push(run)
    await run.signal('ready')
    await run.signal('idle')
    return run
  }
  afterEach(async () => {
    for (const run of runs.splice(0)) run.forget()
    for (const each of stages.splice(0)) await each.end()
  })

  describe(`the runtime ${name}`, () => {
    it('says what it found installed', async () => {
      const on = await stage()
      const health = await subject.make().health(on.host)
      expect(health).toMatchObject({ installed: true, problem: null })
      expect(health.version).toMatch(/^\d+\.\d+/)
      const none = await subject.make().health({ ...on.host, env: { PATH: '/nowhere' } })
      expect(none).toMatchObject({ installed: false, program: null })
      expect(none.problem?.fix).not.toBe('')
    })

    it('starts to ready, briefed, and no secret is in its argv or files', async () => {
      const on = await stage()
      const run = await start(on)
      expect([run.session.gate !== undefined, run.session.compact !== undefined]).toEqual([abilities.gate, abilities.compact])
      expect(run.launch.spec.argv.join('\n')).not.toContain('token-of-alice')
      if (run.launch.session !== null) expect((await run.signal('session')).id).toBe(run.launch.session)
      await toldOnce(on, run, abilities.rungs.idle)
      expect(await secretsBelow(on.agentFolder)).toEqual([])
    })

    for (const rung of abilities.rungs.idle.filter((each) => each !== 'fetch')) {
      it(`takes a message while idle by ${rung}, proves it, and the model gets it as it is`, async () => {
        const on = await stage()
        const run = await start(on)
        const parcel = on.parcel(rung === 'paste' ? 'operator' : 'peer', longText)
        const attempt = await run.session.deliver(rung, parcel)
        expect(['proved', 'taken']).toContain(attempt.result)
        const proof = await run.signal('proof', (signal) => signal.marker === parcel.marker)
        expect(abilities.proofs).toContain(proof.proof)
        await run.signal('idle', undefined, run.signals.indexOf(proof))
        expect(on.model.requests().filter((each) => each.kind === 'turn')).toHaveLength(1)
      })
    }

    for (const rung of abilities.rungs.busy.filter((each) => each !== 'fetch')) {
      it(`takes a message in the middle of a tool call by ${rung}`, async () => {
        const on = await stage()
        const run = await start(on)
        await run.session.deliver(first(abilities.rungs.idle), on.parcel('operator', 'HOLD please'))
        await until('the tool waits', () => on.holding === 1)
        await run.signal('busy')
        const parcel = on.parcel('peer', 'in the middle of it')
        const attempt = await run.session.deliver(rung, parcel)
        expect(attempt.result).toBe('taken')
        expect(proofsOf(run, parcel.marker)).toEqual([])
        const from = run.signals.length
        on.letGo()
        const proof = await run.signal('proof', (signal) => signal.marker === parcel.marker)
        expect(abilities.proofs).toContain(proof.proof)
        await run.signal('idle', undefined, from)
      })
    }

    it.runIf(abilities.rungs.waiting.length > 0)('leaves a question on the screen alone, and delivers after its answer', async () => {
      const on = await stage()
      const run = await start(on)
      await run.session.deliver(first(abilities.rungs.idle), on.parcel('operator', 'ASK please'))
      await run.signal('waiting')
      await until('the question is drawn', async () => subject.asking.test(await run.screen()))
      const parcel = on.parcel('peer', 'meanwhile')
      expect((await run.session.deliver('paste', parcel)).result).toBe('refused')
      expect((await run.session.deliver(first(abilities.rungs.waiting), parcel)).result).toBe('taken')
      await until('the question is still there', async () => subject.asking.test(await run.screen()))
      expect(proofsOf(run, parcel.marker)).toEqual([])
      await run.type({ keys: ['Escape'] })
      await run.signal('proof', (signal) => signal.marker === parcel.marker)
    })

    it.runIf(abilities.rungs.idle.includes('paste'))('never destroys a draft', async () => {
      const on = await stage()
      const run = await start(on)
      await run.type({ text: 'half a thou' })
      await until('the draft is on the screen', async () => (await run.screen()).includes('half a thou'))
      const parcel = on.parcel('operator', 'hello')
      expect(await run.session.deliver('paste', parcel)).toMatchObject({ result: 'refused' })
      for (const rung of abilities.rungs.idle.filter((each) => each === 'push')) {
        await run.session.deliver(rung, parcel)
        const proof = await run.signal('proof', (signal) => signal.marker === parcel.marker)
        await run.signal('idle', undefined, run.signals.indexOf(proof))
      }
      expect(await run.screen()).toContain('half a thou')
    })

    it.runIf(abilities.interrupt)('interrupts, before the first word too, and goes on with the next message', async () => {
      const on = await stage()
      const run = await start(on)
      await run.session.deliver(first(abilities.rungs.idle), on.parcel('operator', 'SLOW please'))
      const busy = await run.signal('busy')
      await until('the model was asked', async () => /SLOW please/.test(await run.screen()))
      await run.session.interrupt()
      await run.signal('idle', undefined, run.signals.indexOf(busy))
      const parcel = on.parcel('operator', 'something else')
      expect((await run.session.deliver(first(abilities.rungs.idle), parcel)).result).not.toBe('refused')
      const proof = await run.signal('proof', (signal) => signal.marker === parcel.marker)
      await run.signal('idle', undefined, run.signals.indexOf(proof))
    })

    it.runIf(abilities.resume)('resumes the conversation after a kill', async () => {
      const on = await stage()
      const run = await start(on)
      await toldOnce(on, run, abilities.rungs.idle)
      const { id } = await run.signal('session')
      // What the CLI has not written down yet dies with it.
      if (abilities.usage) await run.signal('usage')
      await run.kill()
      const again = await start(on, id)
      expect((await again.signal('session')).id).toBe(id)
      await toldOnce(on, again, abilities.rungs.idle)
      const [before, after] = on.model.requests().filter((each) => each.kind === 'turn')
      expect(after!.usage.cacheRead).toBeGreaterThan(before!.usage.cacheRead)
      await again.session.deliver(first(abilities.rungs.idle), on.parcel('operator', 'HOLD please'))
      await until('the tools of the team are there', () => on.holding === 1)
    })

    it.runIf(abilities.resume)('begins afresh where there is nothing to resume', async () => {
      const on = await stage()
      const run = await start(on, '00000000-0000-4000-8000-000000000000')
      await toldOnce(on, run, abilities.rungs.idle)
    })

    it.runIf(abilities.usage)('counts what the model counted, to the token', async () => {
      const on = await stage()
      const run = await start(on)
      await toldOnce(on, run, abilities.rungs.idle)
      await toldOnce(on, run, abilities.rungs.idle)
      const asked = on.model.requests().map((each) => each.usage)
      await until('all usage is told', () => usageOf(run.signals).length >= asked.length)
      expect(usageOf(run.signals)).toEqual(asked)
    })

    it('tells a later watcher what it missed: state, proof and usage, no call twice', async () => {
      const on = await stage()
      const run = await start(on)
      const parcel = await toldOnce(on, run, abilities.rungs.idle)
      const cost = abilities.usage ? (await run.signal('usage')).usage : null
      run.forget()
      const adopted = run.adopt()
      runs.push(adopted)
      await adopted.signal('idle')
      if (abilities.proofs.includes('record')) await adopted.signal('proof', (signal) => signal.marker === parcel.marker)
      if (cost !== null) expect((await adopted.signal('usage')).usage).toEqual(cost)
    })

    it('ends politely and leaves no process', async () => {
      const on = await stage()
      const run = await start(on)
      await toldOnce(on, run, abilities.rungs.idle)
      expect((await run.stop()).took).not.toBe('SIGKILL')
    })
  })
}

const longText = Array.from({ length: 40 }, (_, line) => `line ${line}: ${'words '.repeat(12)}é漢🙂`).join('\n')

async function toldOnce(on: RuntimeStage, run: Run, rungs: Rung[]) {
  const from = run.signals.length
  const parcel = on.parcel('operator', 'hello')
  expect((await run.session.deliver(first(rungs), parcel)).result).not.toBe('refused')
  await run.signal('proof', (signal) => signal.marker === parcel.marker, from)
  const busy = await run.signal('busy', undefined, from)
  await run.signal('idle', undefined, run.signals.indexOf(busy))
  return parcel
}

function first(rungs: Rung[]): Rung {
  const rung = rungs.find((each) => each !== 'fetch')
  if (rung === undefined) throw new Error('no rung to begin with')
  return rung
}

function proofsOf(run: Run, marker: string): Signal[] {
  return run.signals.filter((signal) => signal.type === 'proof' && signal.marker === marker)
}

function usageOf(signals: Signal[]) {
  return signals.flatMap((signal) => (signal.type === 'usage' ? [signal.usage.tokens] : []))
}

async function secretsBelow(folder: string): Promise<string[]> {
  const { readdir, readFile } = await import('node:fs/promises')
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((each) => each.isFile()).map((each) => `${each.parentPath}/${each.name}`)
  const found: string[] = []
  for (const file of files) if ((await readFile(file, 'utf8')).includes('token-of-alice')) found.push(file)
  return found
}
