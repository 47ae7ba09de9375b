import { canBroadcast, canDm, canEscalate, isPerson, trustOf, type Permission } from '../core/acl.ts'
import { channelAddress, resolveAgent, resolveChannel } from '../core/address.ts'
import { bridgeThread, type Bridge } from '../core/bridge.ts'
import type { Clock } from '../core/clock.ts'
import { describeDelivery } from '../core/delivery.ts'
import { TroupeError } from '../core/error.ts'
import { sha256 } from '../core/event.ts'
import { isLoop, type Link } from '../core/loop-guard.ts'
import type { Message, MessageDraft, Outside, Priority, Sender, Trust } from '../core/message.ts'
import { teamRule } from '../core/rule.ts'
import { findAgent, type Agent, type Team } from '../core/team.ts'
import { throttled } from '../core/throttle.ts'
import type { Store, Tx } from '../store/store.ts'
import { orderedIds } from '../util/ordered-id.ts'
import type { Attachments, FileSource } from './attachments.ts'
import type { Chains } from './chains.ts'

export interface Letter {
  from: Sender
  /** An agent's name or address, or `#channel`; null: to whom the sender reports. */
  to: string | null
  text: string
  threadId: string | null
  priority: Priority
  key: string | null
  /** Kept as the team's rules allow it, or the message is not sent. */
  attachments?: FileSource[]
  /** Where a person wrote it outside of troupe, and what its content may come from besides the person. */
  outside?: Outside
  taint?: readonly string[]
}

export interface Posted {
  message: Message
  recipients: string[]
  /** As it stands: `queued`, or further where the key was used before. */
  deliveries: { to: string; state: string }[]
}

export interface MailroomParts {
  store: Store
  clock: Clock
  chains: Chains
  attachments: Attachments
  /** Those that are open now. */
  bridges(): Bridge[]
  team(): Team
}

/** Takes messages in: who may, to whom, once. A refusal makes no row; an id is returned only when it is durable. */
export class Mailroom {
  readonly #parts: MailroomParts
  readonly #nextId: () => string

  constructor(parts: MailroomParts) {
    this.#parts = parts
    this.#nextId = orderedIds(() => parts.clock.now())
  }

  async post(letter: Letter): Promise<Posted> {
    const team = this.#parts.team()
    const limit = team.limits.messageBytes
    const size = Buffer.byteLength(letter.text)
    // A limit below troupe's own few words must not keep a verdict from its agent.
    if (size > limit && letter.from !== 'troupe') {
      throw new TroupeError('too_large', `the message is ${size} bytes, the limit is ${limit}`, {
        hint: 'put it into a file and send its path, or raise limits.message_bytes in team-compose.yaml',
        facts: { size, limit, rule: teamRule('limits.message_bytes') },
      })
    }
    const sender = findAgent(team, letter.from)
    const { address, recipients, bridge: over } = wayOf(team, letter, sender?.project, this.#parts.bridges())
    const bridge = over === undefined ? null : bridgeThread(over.n)
    const id = this.#nextId()
    const message: MessageDraft = {
      id,
      from: letter.from,
      to: address.name,
      project: sender?.project ?? address.project,
      text: letter.text,
      threadId: bridge ?? letter.threadId,
      priority: letter.priority,
      trust: trustFor(team, letter.from, address),
      key: letter.key,
      chain: id,
      hop: 0,
      taint: [...(bridge === null ? [] : [bridge]), ...(letter.taint ?? [])],
      control: null,
      sentAt: this.#parts.clock.now(),
      ...(letter.outside === undefined ? {} : { outside: letter.outside }),
    }
    // Files last: nobody fills the disk with what they may not send.
    return await this.#parts.attachments.during(letter.attachments ?? [], letter.from, async (attachments) => {
      const whole = { ...message, attachments }
      return isPerson(letter.from) ? await this.#keep(whole, recipients) : await this.#guarded(whole, recipients)
    })
  }

  /** As an agent's send counts in its chain: once, also where the transaction runs twice, and not if it comes to nothing. */
  async #guarded(message: MessageDraft, recipients: string[]): Promise<Posted> {
    const { chains } = this.#parts
    let link: Link | null = null
    try {
      return await this.#keep(message, recipients, async (tx) => (link ??= await chains.admit(tx, message.from, message.id)))
    } catch (error) {
      if (link !== null) chains.giveBack(message.from, link)
      else if (error instanceof TroupeError && isLoop(error)) await chains.refused(message.from, message.to, error)
      throw error
    }
  }

  /** The key is looked up in the transaction that would insert: two sends at once make one message. */
  async #keep(message: MessageDraft, recipients: string[], admit?: (tx: Tx) => Promise<Link>): Promise<Posted> {
    return await this.#parts.store.write(async (tx) => {
      const earlier = message.key === null ? undefined : await tx.messages.byKey(message.from, message.key)
      if (earlier !== undefined) {
        if (earlier.text !== message.text || earlier.to !== message.to || contents(earlier) !== contents(message)) {
          throw new TroupeError('conflict', `the key "${message.key}" was used for another message (#${earlier.n})`, {
            hint: 'use a new key for new words',
            facts: { id: earlier.id, n: earlier.n },
          })
        }
        const deliveries = await tx.deliveries.of(earlier.id)
        return {
          message: earlier,
          recipients: deliveries.map((delivery) => delivery.recipient),
          deliveries: deliveries.map((delivery) => ({ to: delivery.recipient, state: describeDelivery(delivery) })),
        }
      }
      if (!isPerson(message.from)) await this.#checkInboxes(tx, recipients)
      const brought = await tx.attachments.taints((message.attachments ?? []).map(({ sha256: content }) => content))
      const taint = [...new Set([...this.#parts.chains.taint(message), ...brought])]
      const kept = await tx.messages.insert({ ...message, ...(await admit?.(tx)), taint }, recipients)
      await tx.journal({
        type: 'message.sent',
        subject: kept.id,
        agent: isPerson(kept.from) ? null : kept.from,
        data: lineOf(kept, recipients),
      })
      return { message: kept, recipients, deliveries: recipients.map((to) => ({ to, state: 'queued' })) }
    })
  }

  /** An operator's mail always gets in: nobody else could tell a flooded agent to catch up. */
  async #checkInboxes(tx: Tx, recipients: string[]): Promise<void> {
    const allowed = this.#parts.team().limits.inboxMessages
    for (const recipient of recipients) {
      const full = (await tx.deliveries.backlog(recipient, allowed)) >= allowed
      if (full) throw throttled(recipient, { limit: 'inbox_messages', allowed, retryAfterMs: 60_000 })
    }
  }
}

/** Ids and hashes, never what was said. */
function lineOf({ n, from, to, text, priority, chain, hop, taint, attachments, outside }: Message, recipients: string[]): Record<string, unknown> {
  return {
    ...{ n, from, to, recipients, bytes: Buffer.byteLength(text), sha256: sha256(text), priority },
    ...(hop > 0 ? { chain, hop } : {}),
    ...(taint.length > 0 ? { taint } : {}),
    ...(attachments.length > 0 ? { attachments: attachments.map(({ n: id, bytes, sha256: content }) => ({ id, bytes, sha256: content })) } : {}),
    ...(outside === undefined ? {} : { gateway: outside.gateway, chat: outside.chat, user: outside.user }),
  }
}

function contents({ attachments = [] }: Pick<MessageDraft, 'attachments'>): string {
  return attachments.map(({ name, sha256: content }) => `${content} ${name}`).join('\n')
}

type Addressee = { kind: 'agent'; agent: Agent; name: string; project: string } | { kind: 'channel'; name: string; project: string }

interface Way {
  address: Addressee
  recipients: string[]
  bridge: Bridge | undefined
}

/** To whom, and by what right. Throws `unknown` and `denied`. */
function wayOf(team: Team, letter: Letter, project: string | undefined, bridges: Bridge[]): Way {
  const up = letter.to === null ? granted(letter, canEscalate(team, letter.from)) : null
  const address = addressee(team, up?.recipients[0] ?? letter.to ?? '', project)
  const permission = up ?? granted(letter, permit(team, letter, address, bridges))
  return { address, recipients: permission.recipients, bridge: permission.bridge }
}

function granted(letter: Letter, permission: Permission): Permission & { ok: true } {
  if (permission.ok) return permission
  throw new TroupeError('denied', permission.why, { hint: permission.hint, facts: { from: letter.from, ...(letter.to === null ? {} : { to: letter.to }), rule: permission.rule } })
}

function addressee(team: Team, to: string, project: string | undefined): Addressee {
  if (to.includes('#')) {
    const channel = resolveChannel(team, to, project)
    return { kind: 'channel', name: channelAddress(channel), project: channel.project }
  }
  const agent = resolveAgent(team, to, project)
  return { kind: 'agent', agent, name: agent.address, project: agent.project }
}

function permit(team: Team, letter: Letter, to: Addressee, bridges: Bridge[]): Permission {
  const permission = to.kind === 'agent' ? canDm(team, letter.from, to.agent, bridges) : canBroadcast(team, letter.from, resolveChannel(team, to.name))
  if (permission.ok && permission.recipients.length === 0) {
    return { ok: false, why: `${letter.to} has no other members`, hint: 'members are declared in the project file', rule: null }
  }
  return permission
}

function trustFor(team: Team, from: Sender, to: Addressee): Trust {
  if (isPerson(from)) return 'operator'
  return to.kind === 'agent' ? trustOf(team, from, to.agent) : 'peer'
}
