import { deedHash, type Approval } from '../../core/approval.ts'
import { resolveAgent } from '../../core/address.ts'
import { TroupeError } from '../../core/error.ts'
import { findAgent } from '../../core/team.ts'
import type { Output, Parsed } from '../../api/index.ts'
import type { Decider } from '../approvals.ts'
import type { Caller, Handlers } from '../daemon.ts'
import type { Parts } from '../parts.ts'

type Names = 'request_approval' | 'approval.list' | 'approval.show' | 'approval.decide' | 'approval.passphrase'

/** Asking for approval, and deciding. Only operators decide: a message never does. */
export function approvals(parts: Parts): Pick<Handlers, Names> {
  return {
    request_approval: async (input, { caller, signal }) => {
      if (caller.kind !== 'agent') throw new TroupeError('denied', 'only an agent asks for approval', { hint: 'operators just do it' })
      const agent = findAgent(parts.team(), caller.address)
      if (agent === undefined) throw new TroupeError('denied', `${caller.address} is no longer in the team`, { hint: 'its operator took it out; stop working' })
      const exact = exactOf(input)
      const wanted = {
        agent,
        actions: [input.action],
        scope: input.scope_tag ?? null,
        summary: input.summary,
        exact,
        hash: deedHash({ agent: agent.address, ...exact, cwd: cwdOf(input, agent.cwd) }),
        origin: 'asked' as const,
        uses: exact.tool === ownTool,
        ttlMs: input.ttl_seconds * 1000,
        taint: await parts.chains.taintOf(agent.address),
      }
      const { holdMs } = parts.team().hitl
      return answer(await parts.approvals.ask(wanted, input.wait ? Math.min(holdMs, wanted.ttlMs) : 0, signal))
    },
    'approval.list': async ({ agent, all, limit }) => {
      const of = agent === undefined ? {} : { agent: resolveAgent(parts.team(), agent).address }
      return (await parts.store.read((db) => db.approvals.list({ ...of, pending: !all, limit }))).map(row)
    },
    'approval.show': async ({ id }) => row(await parts.store.read((db) => parts.approvals.find(db, id))),
    'approval.decide': async ({ id, verdict, note, proof }, { caller }) => {
      const by = decider(caller)
      const found = await parts.store.read((db) => parts.approvals.find(db, id))
      if (caller.kind === 'operator' && found.status === 'pending') await parts.confirmation.check(found, verdict, caller, proof ?? null)
      return row(await parts.approvals.decide(found.id, verdict, by, note ?? null))
    },
    'approval.passphrase': async ({ proof, ...verifier }) => {
      await parts.confirmation.set(verifier, proof ?? null)
      return { set: true }
    },
  }
}

function decider(caller: Caller): Decider {
  if (caller.kind !== 'operator') throw new TroupeError('denied', 'an agent decides nothing', { hint: 'only people do' })
  return { name: caller.via === 'chat' ? caller.who : 'user', via: caller.via }
}

/** What is decided on where no other tool's call is. */
const ownTool = 'request_approval'

/** A payload that names a tool and its input is for that very call; anything else is for what was said. */
function exactOf({ action, scope_tag, summary, payload = {} }: Parsed<'request_approval'>): { tool: string; input: unknown } {
  const { tool, input } = payload
  if (typeof tool === 'string' && input !== undefined) return { tool, input }
  return { tool: ownTool, input: { action, scope_tag: scope_tag ?? null, summary, payload } }
}

function cwdOf({ payload }: Parsed<'request_approval'>, cwd: string): string {
  const named = payload?.['cwd']
  return typeof named === 'string' ? named : cwd
}

/** Used by this very answer: to the agent that is approved. */
function answer({ n, status, note, requestedAt }: Approval): Output<'request_approval'> {
  return { id: n, status: status === 'used' ? 'approved' : status, note, delivered_at: requestedAt / 1000 }
}

function row({ usedAt: _usedAt, told: _told, ...shown }: Approval): Output<'approval.show'> {
  return shown
}
