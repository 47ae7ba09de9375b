import { eventHash, firstHash, sha256, type JournalEvent } from '../../src/core/event.ts'
import { Recorder, type Copy, type Found, type Outcome, type Reading, type Receipt, type Request, type Send, type StoredMessage } from './history.ts'

/** How a request ends: answered; or the daemon is killed before or after it did what was asked. */
export type Fate = 'answered' | 'unheard' | 'unanswered'

/** A daemon that keeps its promises, in memory, and clients that write down what they see of it. */
export class Model {
  readonly recorder = new Recorder()
  readonly #messages: StoredMessage[] = []
  readonly #journal: JournalEvent[] = []
  readonly #readings = new Map<string, Reading>()
  /** By reader: what it has got for certain, and what the last answers carried. The second dies with the daemon. */
  readonly #delivered = new Set<string>()
  #handed: { agent: string; n: number; done: boolean }[] = []

  /** Tried again until it is answered. */
  send(from: string, recipients: string[], fates: Fate[]): Send {
    const key = `k${this.recorder.sends.length}`
    const to = recipients.length === 1 ? recipients.join() : '#all'
    const send: Send = { from, key, to, recipients, text: `text of ${key}`, tries: [] }
    this.recorder.sends.push(send)
    for (const fate of [...fates.filter((each) => each !== 'answered'), 'answered' as const]) {
      const begun = this.recorder.moment()
      const receipt = fate === 'unheard' ? null : this.#keep(send)
      if (fate !== 'answered') this.kill()
      const outcome: Outcome<Receipt> = fate === 'answered' && receipt !== null ? { kind: 'ok', value: receipt } : { kind: 'unknown' }
      send.tries.push({ begun, ended: this.recorder.moment(), outcome })
    }
    return send
  }

  /** Nothing is there of it. */
  refused(from: string, to: string): void {
    const tried = { begun: this.recorder.moment(), ended: this.recorder.moment(), outcome: { kind: 'refused', why: 'no' } as const }
    this.recorder.sends.push({ from, key: 'no', to, recipients: [to], text: `refused ${this.recorder.sends.length}`, tries: [tried] })
  }

  ask(agent: string, via: Request['via'], ids: number[] = [], fate: Fate = 'answered'): Copy[] {
    const begun = this.recorder.moment()
    const copies = fate === 'unheard' ? [] : this.#answer(agent, via, ids)
    if (fate !== 'answered') this.kill()
    const outcome: Outcome<Copy[]> = fate === 'answered' ? { kind: 'ok', value: copies } : { kind: 'unknown' }
    this.#reading(agent).requests.push({ via, ids, begun, ended: this.recorder.moment(), outcome })
    return fate === 'answered' ? copies : []
  }

  kill(): void {
    this.recorder.kill()
    this.#handed = []
  }

  /** Numbers that the agent has not acknowledged. */
  open(agent: string): number[] {
    return this.#messages.filter(({ deliveries }) => deliveries.some(({ to, state }) => to === agent && state !== 'acked')).map(({ n }) => n)
  }

  found(): Found {
    return { messages: this.#messages, journal: this.#journal, verified: { ok: true, events: this.#journal.length, why: null } }
  }

  #keep({ from, to, recipients, text }: Send): Receipt {
    const earlier = this.#messages.find((message) => message.text === text)
    if (earlier !== undefined) return { n: earlier.n, id: earlier.id }
    const n = this.#messages.length + 1
    const id = `id-${n}`
    this.#messages.push({ n, id, from, to, text, deliveries: recipients.map((each) => ({ to: each, state: 'queued' })) })
    this.#tell('message.sent', id, { n, from, to, recipients, sha256: sha256(text) })
    return { n, id }
  }

  #answer(agent: string, via: Request['via'], ids: number[]): Copy[] {
    const arrived = this.#handed.filter((each) => each.agent === agent)
    this.#handed = this.#handed.filter((each) => each.agent !== agent)
    for (const { n, done } of arrived) {
      this.#delivered.add(`${agent} ${n}`)
      if (done) this.#acknowledge(agent, n)
    }
    if (via === 'inbox_ack') for (const n of ids) this.#acknowledge(agent, n)
    if (via === 'inbox_ack') return []
    const open = this.open(agent).filter((n) => (via === 'inbox_read' ? ids.includes(n) : via === 'inbox_peek' || !this.#delivered.has(`${agent} ${n}`)))
    this.#handed.push(...open.map((n) => ({ agent, n, done: via === 'inbox_read' })))
    return this.#messages.filter(({ n }) => open.includes(n)).map(({ n, from, text }) => ({ n, from, text, rest: '' }))
  }

  #acknowledge(agent: string, n: number): void {
    const message = this.#messages[n - 1]
    const delivery = message?.deliveries.find(({ to }) => to === agent)
    if (message === undefined || delivery === undefined || delivery.state === 'acked') return
    delivery.state = 'acked'
    this.#tell('delivery.acked', message.id, { to: agent })
  }

  #tell(type: string, subject: string, data: Record<string, unknown>): void {
    const before = this.#journal.at(-1)
    const line = { stream: 'host/1', seq: (before?.seq ?? 0) + 1, at: 0, type, subject, agent: null, data, prev: before?.hash ?? firstHash }
    this.#journal.push({ ...line, hash: eventHash(line) })
  }

  #reading(agent: string): Reading {
    const known = this.#readings.get(agent)
    if (known !== undefined) return known
    const reading: Reading = { agent, requests: [] }
    this.#readings.set(agent, reading)
    this.recorder.readings.push(reading)
    return reading
  }
}
