import { afterEach, describe, expect, it } from 'vitest'
import type { Rung } from '../../src/core/ladder.ts'
import type { Signal } from '../../src/core/runtime.ts'
import { runtimeCalls } from './runtime-calls.ts'
import { runtimeCompaction } from './runtime-compact.ts'
import { runtimeFailures } from './runtime-failures.ts'
import { runtimePictures } from './runtime-pictures.ts'
import { longPatience, until, type Run, type RuntimeStage } from './runtime-stage.ts'
import { first, on, overAgain, proofsOf, say, sayNo, tell, tool, Trials, type RuntimeSubject } from './runtime-subject.ts'

export type { RuntimeSubject } from './runtime-subject.ts'

const everyRung: Rung[] = ['push', 'turn-end', 'paste']

/**
 * The contract of `core/runtime.ts`, on the real CLI: every claim of its abilities is tried, and what it does not claim is
 * checked to be absent. One launch serves several checks: some CLIs take seconds to start.
 */
export function runtimeContract(name: string, subject: RuntimeSubject): void {
  const { abilities } = subject.make()
  const trials = new Trials(subject, [
    on('HOLD', tool('hold'), say('held and done')),
    on('ASK', subject.shell('touch made'), say('asked and done')),
    on('SLOW', { do: 'text', text: 'too late', delay: 600_000 }),
  ])
  const absent = (state: keyof typeof abilities.rungs) => everyRung.filter((rung) => !abilities.rungs[state].includes(rung))
  afterEach(async () => await trials.clear())

  describe(`the runtime ${name}`, { timeout: longPatience }, () => {
    it('says what it found installed', async () => {
      const stage = await trials.stage()
      const health = await subject.make().health(stage.host)
      expect(health).toMatchObject({ installed: true, problem: null })
      expect(health.version).toMatch(/^\d+\.\d+/)
      const none = await subject.make().health({ ...stage.host, env: { PATH: '/nowhere' } })
      expect(none).toMatchObject({ installed: false, program: null })
      expect(none.problem?.fix).not.toBe('')
    })

    it('starts to ready, briefed, on the model it was given; no secret is in its argv or files; ends politely, no process stays', async () => {
      const stage = await trials.stage({ agent: { model: subject.model.given, ...(subject.effort === undefined ? {} : { effort: 'low' }) } })
      const run = await trials.start(stage)
      expect([run.session.gate !== undefined, run.session.compact !== undefined]).toEqual([abilities.gate, abilities.compact])
      expect(run.launch.spec.argv.join('\n')).not.toContain('token-of-alice')
      if (run.launch.session !== null) expect((await run.signal('session')).id).toBe(run.launch.session)
      await toldOnce(stage, run, abilities.rungs.idle)
      const briefed = stage.asked.filter((body) => body.includes('BRIEFING-OF-ALICE'))
      expect(briefed.length).toBeGreaterThan(0)
      expect(stage.model.requests().find(({ kind }) => kind === 'turn')?.model).toBe(subject.model.asked)
      expect(abilities.settings.includes('effort')).toBe(subject.effort !== undefined)
      expect(briefed.some((body) => subject.effort?.test(body) === true)).toBe(subject.effort !== undefined)
      expect(await secretsBelow(stage.agentFolder)).toEqual([])
      expect((await run.stop()).took).not.toBe('SIGKILL')
    })

    it('takes a message while idle by each of its rungs, proves it, and the model gets it as it is, once; no other rung enters anything', async () => {
      const stage = await trials.stage()
      const run = await trials.start(stage)
      for (const rung of absent('idle')) expect({ rung, ...(await run.session.deliver(rung, stage.parcel('operator', 'not this way'))) }).toMatchObject({ rung, result: 'refused' })
      for (const rung of abilities.rungs.idle.filter((each) => each !== 'fetch')) {
        const from = run.signals.length
        const before = turnsOf(stage)
        const parcel = stage.parcel(rung === 'paste' ? 'operator' : 'peer', `${rung}\n${longText}`)
        expect(['proved', 'taken']).toContain((await run.session.deliver(rung, parcel)).result)
        const proof = await run.signal('proof', (signal) => signal.marker === parcel.marker)
        expect(abilities.proofs).toContain(proof.proof)
        await overAgain(run, from)
        expect({ rung, turns: turnsOf(stage) }).toEqual({ rung, turns: before + 1 })
        expect(stage.asked.some((body) => body.includes(JSON.stringify(`${rung}\n${longText}`).slice(1, -1)))).toBe(true)
      }
      expect(stage.asked.some((body) => body.includes('not this way'))).toBe(false)
    })

    it('takes a message in the middle of a tool call by each of its rungs for that, and by no other', async () => {
      const stage = await trials.stage()
      const run = await trials.start(stage)
      const rungs = abilities.rungs.busy.filter((each) => each !== 'fetch')
      for (const rung of rungs.length === 0 ? [null] : rungs) {
        const { from } = await tell(stage, run, 'HOLD please', abilities.rungs.idle)
        await until('the tool waits', () => stage.holding === 1)
        await run.signal('busy', undefined, from)
        for (const other of absent('busy')) expect({ other, ...(await run.session.deliver(other, stage.parcel('operator', 'not this way'))) }).toMatchObject({ other, result: 'refused' })
        const parcel = stage.parcel('peer', 'in the middle of it')
        if (rung !== null) expect((await run.session.deliver(rung, parcel)).result).toBe('taken')
        expect(proofsOf(run, parcel.marker)).toEqual([])
        const then = run.signals.length
        stage.letGo()
        if (rung !== null) expect(abilities.proofs).toContain((await run.signal('proof', (signal) => signal.marker === parcel.marker)).proof)
        await run.signal('idle', undefined, then)
      }
      expect(stage.asked.some((body) => body.includes('not this way'))).toBe(false)
      // The next daemon comes in the middle of another, and brings a message too.
      const { from } = await tell(stage, run, 'HOLD once more', abilities.rungs.idle)
      await until('the tool waits', () => stage.holding === 1)
      await run.signal('busy', undefined, from)
      const adopted = trials.adopt(run)
      await adopted.signal('busy')
      expect(adopted.signals.filter(({ type }) => type === 'idle')).toEqual([])
      const parcel = stage.parcel('peer', 'from the next daemon')
      if (rungs[0] !== undefined) expect((await adopted.session.deliver(rungs[0], parcel)).result).toBe('taken')
      stage.letGo()
      if (rungs[0] !== undefined) await adopted.signal('proof', (signal) => signal.marker === parcel.marker)
      await adopted.signal('idle')
    })

    it('leaves a question on the screen alone, and delivers after its answer', async () => {
      const stage = await trials.stage()
      const run = await trials.start(stage)
      await tell(stage, run, 'ASK please', abilities.rungs.idle)
      await run.signal('waiting')
      await until('the question is drawn', async () => subject.asking.test(await run.screen()))
      const parcel = stage.parcel('peer', 'meanwhile')
      for (const rung of absent('waiting')) expect({ rung, ...(await run.session.deliver(rung, parcel)) }).toMatchObject({ rung, result: 'refused' })
      const rung = abilities.rungs.waiting.find((each) => each !== 'fetch')
      if (rung !== undefined) expect((await run.session.deliver(rung, parcel)).result).toBe('taken')
      await until('the question is still there', async () => subject.asking.test(await run.screen()))
      expect(proofsOf(run, parcel.marker)).toEqual([])
      const from = run.signals.length
      await sayNo(run, subject)
      if (rung !== undefined) await run.signal('proof', (signal) => signal.marker === parcel.marker)
      await run.signal('idle', undefined, from)
      // The next daemon comes while another stands, and finds it.
      const before = await until('it takes another message', async () => {
        const now = run.signals.length
        const { result } = await run.session.deliver(first(abilities.rungs.idle), stage.parcel('operator', 'ASK once more'))
        return result === 'refused' ? null : now
      })
      await run.signal('waiting', undefined, before)
      const adopted = trials.adopt(run)
      await adopted.signal('waiting')
      expect(adopted.signals.filter(({ type }) => type === 'idle')).toEqual([])
    })

    if (abilities.rungs.idle.includes('paste')) it('never destroys a draft', async () => {
      const stage = await trials.stage()
      const run = await trials.start(stage)
      await run.type({ text: 'half a thou' })
      await until('the draft is on the screen', async () => (await run.screen()).includes('half a thou'))
      const parcel = stage.parcel('operator', 'hello')
      expect(await run.session.deliver('paste', parcel)).toMatchObject({ result: 'refused' })
      for (const rung of abilities.rungs.idle.filter((each) => each === 'push')) {
        await run.session.deliver(rung, parcel)
        const proof = await run.signal('proof', (signal) => signal.marker === parcel.marker)
        await run.signal('idle', undefined, run.signals.indexOf(proof))
      }
      expect(await run.screen()).toContain('half a thou')
    })

    it('interrupts, before the first word too, and goes on with the next message; or says that it cannot', async () => {
      const stage = await trials.stage()
      const run = await trials.start(stage)
      if (!abilities.interrupt) return void (await expect(run.session.interrupt()).rejects.toThrow())
      await tell(stage, run, 'SLOW please', abilities.rungs.idle)
      const busy = await run.signal('busy')
      await until('the model was asked', () => stage.asked.some((body) => body.includes('SLOW please')))
      await run.session.interrupt()
      await run.signal('idle', undefined, run.signals.indexOf(busy))
      const parcel = stage.parcel('operator', 'something else')
      expect((await run.session.deliver(first(abilities.rungs.idle), parcel)).result).not.toBe('refused')
      const proof = await run.signal('proof', (signal) => signal.marker === parcel.marker)
      await run.signal('idle', undefined, run.signals.indexOf(proof))
    })

    if (abilities.resume) it('resumes the conversation after a kill', async () => {
      const stage = await trials.stage()
      const run = await trials.start(stage)
      await toldOnce(stage, run, abilities.rungs.idle)
      const { id } = await run.signal('session')
      // What the CLI has not written down yet dies with it.
      if (abilities.usage) await run.signal('usage')
      await run.kill()
      const again = await trials.start(stage, id)
      expect((await again.signal('session')).id).toBe(id)
      await toldOnce(stage, again, abilities.rungs.idle)
      const [before, after] = stage.model.requests().filter((each) => each.kind === 'turn')
      expect(after!.usage.cacheRead).toBeGreaterThan(before!.usage.cacheRead)
      await again.session.deliver(first(abilities.rungs.idle), stage.parcel('operator', 'HOLD please'))
      await until('the tools of the team are there', () => stage.holding === 1)
    })

    it('begins afresh where there is nothing to resume', async () => {
      const stage = await trials.stage()
      const run = await trials.start(stage, '00000000-0000-4000-8000-000000000000')
      await toldOnce(stage, run, abilities.rungs.idle)
    })

    it('counts what the model counted, to the token; tells a later watcher what it missed: state, proof and usage, no call twice', async () => {
      const stage = await trials.stage()
      const run = await trials.start(stage)
      await toldOnce(stage, run, abilities.rungs.idle)
      const parcel = await toldOnce(stage, run, abilities.rungs.idle)
      const asked = stage.model.requests().map((each) => each.usage)
      const counted = !abilities.usage ? [] : abilities.usage === 'told' ? asked.map((each) => subject.tells!(each)) : asked
      await until('all usage is told', () => usageOf(run.signals).length >= counted.length)
      expect(usageOf(run.signals)).toEqual(counted)
      const adopted = trials.adopt(run)
      await adopted.signal('idle')
      if (abilities.proofs.includes('record')) await adopted.signal('proof', (signal) => signal.marker === parcel.marker)
      await until('all usage is told again', () => usageOf(adopted.signals).length >= counted.length)
      expect(usageOf(adopted.signals)).toEqual(counted)
    })

    runtimeCalls(subject)
    runtimePictures(subject)
    runtimeFailures(subject)
    runtimeCompaction(subject)
  })
}

const longText = Array.from({ length: 40 }, (_, line) => `line ${line}: ${'words '.repeat(12)}é漢🙂`).join('\n')

async function toldOnce(stage: RuntimeStage, run: Run, rungs: Rung[]) {
  const { from, marker } = await tell(stage, run, 'hello', rungs)
  await run.signal('proof', (signal) => signal.marker === marker, from)
  await overAgain(run, from)
  return { marker }
}

function turnsOf(stage: RuntimeStage): number {
  return stage.model.requests().filter((each) => each.kind === 'turn').length
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
