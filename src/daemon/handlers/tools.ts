import type { Parsed } from '../../api/index.ts'
import { listed } from '../../core/attachment.ts'
import { TroupeError } from '../../core/error.ts'
import { isForRun, tokensOf, type Message } from '../../core/message.ts'
import { portion, portionBytes } from '../../core/portion.ts'
import { findAgent, type Agent } from '../../core/team.ts'
import type { Caller, Handlers } from '../daemon.ts'
import type { Parts } from '../parts.ts'

type Tools = Pick<
  Handlers,
  'whoami' | 'dm' | 'broadcast' | 'escalate' | 'inbox_peek' | 'inbox_read' | 'inbox_watch' | 'inbox_ack' | 'list_team' | 'org_chart'
>

/** The operations that agents know as MCP tools. Numbers for ids, seconds for times, as teamctl's agents expect. */
export function tools(parts: Parts): Tools {
  const { mailroom, fetching } = parts

  async function handOver(caller: AgentCaller, all: { message: Message }[], done: boolean, signal: AbortSignal) {
    const open = portion(all.filter(({ message }) => isForRun(message, caller.incarnation)))
    if (!signal.aborted) fetching.hand(caller.address, caller.incarnation, open.map(({ message }) => message.id), done)
    return { messages: open.map(({ message }) => inboxMessage(message)) }
  }

  /** The caller's own open mail with these numbers, others are skipped; `keep` says what is needed of each, null that it was the last. */
  async function ownOpen<T>(caller: AgentCaller, numbers: number[], keep: (message: Message) => T | null): Promise<T[]> {
    return await parts.store.read(async (db) => {
      const found: T[] = []
      for (const n of new Set(numbers)) {
        const message = await db.messages.byN(n)
        const delivery = message === undefined ? undefined : await db.deliveries.get(message.id, caller.address)
        if (message === undefined || (delivery?.state !== 'queued' && delivery?.state !== 'delivered')) continue
        const kept = keep(message)
        if (kept === null) break
        found.push(kept)
      }
      return found
    })
  }

  /** No more is held in memory than one answer carries, and the message that does not fit. */
  async function portionOf(caller: AgentCaller, numbers: number[]): Promise<{ message: Message }[]> {
    let bytes = 0
    return await ownOpen(caller, numbers, (message) => {
      if (bytes > portionBytes) return null
      bytes += Buffer.byteLength(message.text)
      return { message }
    })
  }

  return {
    whoami: async (_input, { caller }) => {
      const { agent, incarnation } = self(parts, caller)
      return { agent: agent.address, project: agent.project, role: agent.role, incarnation }
    },
    dm: async (input, { caller }) => {
      const { agent } = self(parts, caller)
      if (input.to.includes('#')) throw new TroupeError('usage', `"${input.to}" is a channel`, { hint: 'use the tool broadcast' })
      const { message } = await mailroom.post({ ...letter(input), from: agent.address, to: input.to })
      return { id: message.n, recipient: message.to }
    },
    broadcast: async (input, { caller }) => {
      const from = caller.kind === 'operator' ? 'user' : self(parts, caller).agent.address
      const to = input.channel.includes('#') ? input.channel : `#${input.channel}`
      const { message, recipients } = await mailroom.post({ ...letter(input), from, to })
      return { id: message.n, channel: message.to, recipients, tokens: recipients.length * tokensOf(message.text) }
    },
    escalate: async (input, { caller }) => {
      const { agent } = self(parts, caller)
      const { message } = await mailroom.post({ ...letter(input), from: agent.address, to: null })
      return { id: message.n, recipient: message.to }
    },
    inbox_peek: async (input, { caller, signal }) => {
      const me = self(parts, caller)
      return await handOver(me, await fetching.open(me.address, input.limit), false, signal)
    },
    inbox_read: async (input, { caller, signal }) => {
      const me = self(parts, caller)
      return await handOver(me, await portionOf(me, input.ids), true, signal)
    },
    inbox_watch: async (input, { caller, signal }) => {
      const me = self(parts, caller)
      const fresh = await fetching.watch(me.address, me.incarnation, input.timeout_ms, signal)
      return { messages: fresh.map(({ message }) => inboxMessage(message)) }
    },
    inbox_ack: async (input, { caller }) => {
      const me = self(parts, caller)
      const own = await ownOpen(me, input.ids, (message) => message.id)
      return { acked: await fetching.ack(me.address, me.incarnation, own) }
    },
    list_team: async (_input, { caller }) => ({ agents: colleagues(parts, caller).map((agent) => agent.address).toSorted() }),
    org_chart: async (_input, { caller }) => {
      const { agent } = self(parts, caller)
      const all = colleagues(parts, caller)
      return {
        project: agent.project,
        managers: all.filter(({ role }) => role === 'manager').map(({ id, runtime }) => ({ id, role: id, runtime })),
        workers: all
          .filter(({ role }) => role === 'worker')
          .map(({ id, runtime, reportsTo }) => ({ id, role: id, runtime, reports_to: reportsTo?.split(':')[1] ?? null })),
      }
    },
  }
}

type AgentCaller = Caller & { kind: 'agent' } & { agent: Agent }

/** The calling agent, from its connection. */
export function self(parts: Parts, caller: Caller): AgentCaller {
  if (caller.kind !== 'agent') throw new TroupeError('denied', 'only an agent has an inbox', { hint: 'use send and mail' })
  // Who left the team may still read its mail, and say that it is ready, until its process ends.
  const agent = findAgent(parts.team(), caller.address) ?? parts.desired.leaving.find(({ address }) => address === caller.address)
  if (agent === undefined) throw new TroupeError('denied', `${caller.address} is no longer in the team`, { hint: 'its operator took it out; stop working' })
  return { ...caller, agent }
}

function colleagues(parts: Parts, caller: Caller): Agent[] {
  const { agent } = self(parts, caller)
  return parts.team().projects.find((project) => project.id === agent.project)?.agents ?? []
}

type Written = Pick<Parsed<'dm'>, 'text' | 'thread_id' | 'priority' | 'key' | 'attachments'>

function letter(input: Written) {
  const attachments = input.attachments?.map((path) => ({ path })) ?? []
  return { attachments, text: input.text, threadId: input.thread_id ?? null, priority: input.priority ?? ('normal' as const), key: input.key ?? null }
}

function inboxMessage(message: Message) {
  const hash = message.to.indexOf('#')
  return {
    id: message.n,
    project_id: message.project,
    sender: message.from,
    recipient: hash < 0 ? message.to : `channel:${message.to.slice(0, hash)}:${message.to.slice(hash + 1)}`,
    text: message.text,
    thread_id: message.threadId,
    sent_at: message.sentAt / 1000,
    trust: message.trust,
    taint: message.taint,
    attachments: message.attachments.map(listed),
    ...(message.outside?.type === 'telegram' ? { telegram_msg_id: Number(message.outside.message) } : {}),
  }
}
