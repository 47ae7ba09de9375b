import { z } from 'zod'
import type { Clock } from '../../core/clock.ts'
import type { Content } from '../../core/gateway.ts'
import { formatHead } from '../../core/event.ts'
import { headDueIn, linesOfTelling, type HeadTold } from '../../core/head-telling.ts'
import type { Opened } from './line.ts'
import type { ShowingParts } from './showing.ts'

/** Timers of days are set anew after this, ms. */
const longestSleep = 3_600_000

const toldShape = z.object({ at: z.number(), lines: z.number() })

/** Sends where the journal ends to the gateways whose settings ask for it: whoever rewrites it here cannot take that back. */
export class Heads {
  readonly #parts: ShowingParts & { clock: Clock }
  readonly #look: () => void
  #cancel = (): void => undefined
  /** Lines until the next gateway may be due by their number. */
  #left = Infinity

  /** `look` has `tell` called in its turn. */
  constructor(parts: ShowingParts & { clock: Clock }, look: () => void) {
    this.#parts = parts
    this.#look = look
  }

  heard(lines: number): void {
    this.#left -= lines
    if (this.#left <= 0) this.#look()
  }

  stop(): void {
    this.#cancel()
  }

  /** To each gateway that is due. What was told, and that it was, is one commit. */
  async tell(): Promise<void> {
    const { store, clock, lines } = this.#parts
    this.#cancel()
    this.#left = Infinity
    let wait = longestSleep
    const asked = lines().filter(({ settings }) => settings.journalHead !== null)
    if (asked.length === 0) return
    // A stream that has only begun ends nowhere.
    const heads = (await store.read((db) => db.events.heads())).filter(({ seq }) => seq > 0)
    if (heads.length === 0) return void (this.#left = 1)
    const journal = heads.reduce((sum, { seq }) => sum + seq, 0)
    for (const line of asked) {
      const rule = line.settings.journalHead
      if (rule === null) continue
      let told = await this.#toldTo(line)
      if (headDueIn(rule, told, journal, clock.now()) === 0) told = await this.#send(line, journal, heads.map(formatHead))
      wait = Math.min(wait, headDueIn(rule, told, journal, clock.now()))
      if (told !== null && rule.lines !== null) this.#left = Math.min(this.#left, told.lines + rule.lines - journal)
    }
    this.#cancel = clock.after(wait, this.#look)
  }

  async #toldTo({ settings }: Opened): Promise<HeadTold | null> {
    const found = toldShape.safeParse(await this.#parts.store.read((db) => db.settings.get(keyOf(settings.id))))
    return found.success ? found.data : null
  }

  async #send({ settings, chats }: Opened, journal: number, heads: string[]): Promise<HeadTold> {
    const { store, clock, outbox } = this.#parts
    const told = { at: clock.now(), lines: journal + linesOfTelling * chats.length }
    const content: Content = { kind: 'text', text: `🔏 Where the journal ends:\n${heads.join('\n')}`, format: 'plain', replyTo: null, buttons: [] }
    await store.write(async (tx) => {
      for (const chat of chats) await outbox.put(tx, { key: `journal-head ${settings.id} ${chat} ${told.at} ${journal}`, gateway: settings.id, chat, content, urgency: 'ordinary' })
      await tx.settings.put(keyOf(settings.id), told)
    })
    return told
  }
}

function keyOf(gateway: string): string {
  return `journal-head:${gateway}`
}
