import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { onePixel } from '../fixtures/one-pixel.ts'
import { longPatience, until, type Run, type RuntimeStage } from './runtime-stage.ts'
import { on, overAgain, say, sayNo, tell, tool, Trials, type RuntimeSubject } from './runtime-subject.ts'

/** Pictures that come with a message, as the model is asked with them. */
export function runtimePictures(subject: RuntimeSubject): void {
  const { abilities } = subject.make()
  const { rungs, images } = abilities
  const trials = new Trials(subject, [on('HOLD', tool('hold'), say('held and done')), on('ASK', subject.shell('touch made'), say('asked and done'))])
  afterEach(async () => await trials.clear())
  let grey = 0
  const next = (): Buffer => onePixel((grey += 1))
  const seen = (stage: RuntimeStage, picture: Buffer) => stage.asked.some((body) => body.includes(picture.toString('base64')))

  async function delivered(run: Run, marker: string, from: number): Promise<void> {
    await run.signal('proof', (signal) => signal.marker === marker, from)
    await overAgain(run, from)
  }

  describe('a picture of a message', { timeout: longPatience }, () => {
    it('stands beside its words in the call of the model, or does not, as the abilities say of each rung in each state; one that is gone holds nothing up, and a file that words name stays where it is', async () => {
      const stage = await trials.stage()
      const run = await trials.start(stage)
      const secret = join(stage.folder, 'secret.txt')
      writeFileSync(secret, 'WORDS-OF-THE-MACHINE')
      for (const rung of rungs.idle.filter((each) => each !== 'fetch')) {
        const picture = next()
        const from = run.signals.length
        // Some take what comes by paste for their own person's word; where that is the only way it is a peer's too.
        const ofPeer = rung !== 'paste' || !rungs.idle.includes('push')
        const made = stage.parcel(ofPeer ? 'peer' : 'operator', `look, by ${rung}${ofPeer ? ` @${secret}` : ''}`, undefined, picture)
        const gone = { n: 0, mime: 'image/png', read: async () => await Promise.reject<Buffer>(new Error('it is gone')) }
        const parcel = { ...made, pictures: [gone, ...made.pictures] }
        expect(['proved', 'taken']).toContain((await run.session.deliver(rung, parcel)).result)
        await delivered(run, parcel.marker, from)
        expect({ rung, seen: seen(stage, picture) }).toEqual({ rung, seen: images.message.includes(rung) })
        expect(stage.asked.some((body) => body.includes('WORDS-OF-THE-MACHINE'))).toBe(false)
      }
      // Of those that bring none one is enough.
      const without = rungs.busy.find((each) => each !== 'fetch' && !images.message.includes(each))
      for (const rung of rungs.busy.filter((each) => images.message.includes(each) || each === without)) {
        await tell(stage, run, 'HOLD please', rungs.idle)
        await until('the tool waits', () => stage.holding === 1)
        await until('it is at work', () => run.signals.findLast(({ type }) => type === 'idle' || type === 'busy')?.type === 'busy')
        const picture = next()
        const parcel = stage.parcel('peer', `look meanwhile, by ${rung}`, undefined, picture)
        expect((await run.session.deliver(rung, parcel)).result).toBe('taken')
        const from = run.signals.length
        stage.letGo()
        await run.signal('proof', (signal) => signal.marker === parcel.marker)
        await run.signal('idle', undefined, from)
        expect({ rung, seen: seen(stage, picture) }).toEqual({ rung, seen: images.message.includes(rung) })
      }
      const rung = rungs.waiting.find((each) => images.message.includes(each))
      if (rung === undefined) return
      const { from } = await tell(stage, run, 'ASK please', rungs.idle)
      await run.signal('waiting', undefined, from)
      await until('the question is drawn', async () => subject.asking.test(await run.screen()))
      const picture = next()
      const parcel = stage.parcel('peer', 'look once it is answered', undefined, picture)
      expect((await run.session.deliver(rung, parcel)).result).toBe('taken')
      await sayNo(run, subject)
      await run.signal('proof', (signal) => signal.marker === parcel.marker)
      // Some prove a message when they begin to ask the model.
      await until('the model is asked with it', () => seen(stage, picture))
    })
  })
}
