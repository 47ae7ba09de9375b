import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../../src/client/connect.ts'
import type { Client } from '../../src/client/client.ts'
import { connectHttp } from '../../src/client/http.ts'
import { TroupeError } from '../../src/core/error.ts'
import type { Chance } from './chance.ts'
import type { Outcome, Receipt, Recorder, Send } from './history.ts'
import { Tools, type AgentDoor } from './tools.ts'

/** One way to send as one sender. `to` is as the sender writes it. */
export interface Pen {
  from: string
  send(letter: { to: string; text: string; key: string }): Promise<Outcome<Receipt>>
  close(): Promise<void>
}

/** An operator by the socket, or by HTTP where its address is given. */
export function operatorPen(way: { socket: string } | { url: string; token: string }): Pen {
  let client: Client | null = null
  const close = async (): Promise<void> => {
    client?.close()
    client = null
  }
  return {
    from: 'user',
    close,
    async send(letter) {
      try {
        client ??= await ('socket' in way ? connect(way) : connectHttp(way))
        const { id, n } = await client.call('send', letter)
        return { kind: 'ok', value: { id, n } }
      } catch (error) {
        await close()
        if (!(error instanceof TroupeError)) throw error
        return error.code === 'unavailable' ? { kind: 'unknown' } : { kind: 'refused', why: error.message }
      }
    },
  }
}

/** A running agent with its own bearer. */
export function agentPen(door: AgentDoor): Pen {
  const tools = new Tools(door)
  return {
    from: door.address,
    close: () => tools.close(),
    async send({ to, ...letter }) {
      const answer = await (to.startsWith('#') ? tools.call<{ id: number }>('broadcast', { channel: to, ...letter }) : tools.call<{ id: number }>('dm', { to, ...letter }))
      return answer.kind === 'ok' ? { kind: 'ok', value: { id: null, n: answer.value.id } } : answer
    },
  }
}

/** Whom a letter can go to: as written, as the store shows it, and who gets it. */
export interface Addressee {
  written: string
  to: string
  recipients: string[]
}

/** Between tries while the daemon is away, ms: most starts take ten times that. */
const retryMs = 25
/** For how long a message is still tried when the kills are over, ms. */
const lastTriesMs = 120_000
/** Messages in a row, then a pause of at most so many ms. */
const longestBurst = 8
const longestPause = 100

/**
 * Sends in bursts until the signal, each message under its own key and tried until it is acknowledged: at the end
 * nothing is unknown. Throws if a message is refused, or never answered: nothing here should be.
 */
export async function keepSending(pen: Pen, addressees: readonly [Addressee, ...Addressee[]], recorder: Recorder, chance: Chance, until: AbortSignal): Promise<void> {
  try {
    while (!until.aborted) {
      for (let left = 1 + chance.below(longestBurst); left > 0 && !until.aborted; left--) await sendOne(pen, chance.pick(addressees), recorder, until)
      await sleep(chance.below(longestPause))
    }
  } finally {
    await pen.close()
  }
}

async function sendOne(pen: Pen, { written, to, recipients }: Addressee, recorder: Recorder, until: AbortSignal): Promise<void> {
  const key = randomUUID()
  const send: Send = { from: pen.from, key, to, recipients, text: `message ${key}`, tries: [] }
  recorder.sends.push(send)
  for (let end = Number.POSITIVE_INFINITY; Date.now() < end; ) {
    const tried = await recorder.during(() => pen.send({ to: written, text: send.text, key }))
    send.tries.push(tried)
    if (tried.outcome.kind === 'ok') return
    if (tried.outcome.kind === 'refused') throw new Error(`${pen.from} was refused a message to ${to}: ${tried.outcome.why}`)
    if (until.aborted) end = Math.min(end, Date.now() + lastTriesMs)
    await sleep(retryMs)
  }
  throw new Error(`nobody answered ${pen.from}, who has a message for ${to}`)
}
