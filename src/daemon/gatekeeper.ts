import { deedHash, type Approval } from '../core/approval.ts'
import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import { agentRule, teamRule, type Rule } from '../core/rule.ts'
import { anyChange, everyCall, fetches, judge, prompted, web, type Judgement, type ToolCall, type Verdict } from '../core/gate.ts'
import type { Evidence } from '../core/phase.ts'
import type { Gate, Signal } from '../core/runtime.ts'
import type { Findings } from '../core/findings.ts'
import { inTool } from '../core/sensitive.ts'
import { shortened } from '../core/shorten.ts'
import { findAgent, type Agent, type Team } from '../core/team.ts'
import type { Store } from '../store/store.ts'
import type { Approvals } from './approvals.ts'
import type { Chains } from './chains.ts'
import type { Caller } from './daemon.ts'
import { inShell } from './scripts.ts'
import { leadingOut } from './leading-out.ts'

/** A summary is for one line of a table. */
const summaryLength = 300

export interface GatekeeperParts {
  store: Store
  clock: Clock
  approvals: Approvals
  chains: Pick<Chains, 'taintOf' | 'touched'>
  team(): Team
  /** Why troupe keeps an agent from working; null where it does not. */
  whyHeld(agent: string): string | null
  /** Why it may not have one more subagent; null where it may, and that counts. */
  noSubagent(agent: string, incarnation: string, nested: boolean): string | null
  /** Where a rule is set, and who could allow it. */
  rule(rule: Rule): string
  /** Tells what it waits for; returns the end of that, with what showed it, or null where its call is gone. */
  held(address: string, incarnation: string, waiting: Extract<Signal, { type: 'waiting' }>): Over
  report(what: string, error: unknown): void
}

type Over = (seen: Evidence | null) => void
type Question = Pick<Gate, 'stage' | 'call' | 'patienceMs' | 'elsewhere'>

/** Says of each tool call whether it may be made; what people decide on is held until they have. */
export class Gatekeeper {
  readonly #parts: GatekeeperParts

  constructor(parts: GatekeeperParts) {
    this.#parts = parts
  }

  /** Never throws: what goes wrong here ends in a question. */
  async verdict(caller: Caller & { kind: 'agent' }, gate: Question, signal: AbortSignal): Promise<Verdict> {
    try {
      return await this.#judge(caller, gate, signal)
    } catch (error) {
      this.#parts.report(`judging a tool call of ${caller.address}`, error)
      return { do: 'ask', why: 'troupe could not judge this call' }
    }
  }

  async #judge(caller: Caller & { kind: 'agent' }, question: Question, signal: AbortSignal): Promise<Verdict> {
    const { stage, call } = question
    const team = this.#parts.team()
    const agent = findAgent(team, caller.address)
    if (agent === undefined) return { do: 'deny', why: `${caller.address} is no longer in the team` }
    const held = this.#parts.whyHeld(caller.address)
    if (held !== null) return { do: 'deny', why: `${caller.address} is stopped (${held}). Do nothing more until you are told to go on.` }
    const refusal = call.spawns === undefined || stage === 'prompt' ? null : this.#parts.noSubagent(caller.address, caller.incarnation, call.spawns.nested)
    if (refusal !== null) {
      await this.#refused(caller.address, call, refusal)
      return { do: 'deny', why: refusal }
    }
    const { hitl } = team
    const { chains } = this.#parts
    const taint = await chains.taintOf(agent.address)
    const judged: Judgement = stage === 'prompt' ? { do: 'hold', actions: [prompted], why: `permission_mode ${agent.permissionMode}: it asks before this call` } : judge(agent, { ...call, paths: [...call.paths, ...(await leadingOut(call, agent.cwd))] }, await this.#findings(call, hitl.rules), hitl, taint)
    if (judged.do === 'deny') {
      const why = `${judged.why} (${this.#parts.rule(modeRule(agent))})`
      await this.#refused(caller.address, call, why)
      return { ...judged, why }
    }
    if (fetches(call)) await chains.touched(agent.address, web)
    return judged.do === 'hold' ? await this.#hold(caller, agent, question, judged, taint, signal) : judged
  }

  /** Until a person has decided, or it was held for long enough. */
  async #hold(caller: Caller & { kind: 'agent' }, agent: Agent, question: Question, judged: Judgement & { do: 'hold' }, taint: string[], signal: AbortSignal): Promise<Verdict> {
    const { stage, call, patienceMs } = question
    const { hitl } = this.#parts.team()
    const exact = { tool: call.tool, input: call.input, cwd: call.cwd }
    const wanted = {
      agent,
      actions: judged.actions,
      scope: null,
      summary: summaryOf(call),
      exact,
      hash: deedHash({ agent: agent.address, ...exact }),
      origin: 'held' as const,
      uses: true,
      ttlMs: hitl.expiryMs,
      taint,
    }
    let over: Over = () => undefined
    let leave = (): void => undefined
    const opened = (approval: Approval): void => {
      over(null)
      over = this.#waits(caller, approval)
      leave()
      leave = question.elsewhere?.((verdict) => this.#answeredThere(approval, verdict)) ?? leave
    }
    const ended = await this.#parts.approvals.ask(wanted, Math.min(hitl.holdMs, patienceMs), signal, opened).catch((error: unknown) => {
      over(null)
      throw error
    })
    // An answer at the terminal may break the question off before it shows.
    if (ended.status !== 'pending' || !signal.aborted) leave()
    over(signal.aborted ? null : this.#decided(ended))
    if (ended.status === 'used' || ended.status === 'approved') return verdictOf(ended, judged.why)
    const rule = stage === 'prompt' || judged.actions.includes(everyCall) || judged.actions.includes(anyChange) ? modeRule(agent) : sensitiveRule
    return verdictOf(ended, `${judged.why}; ${this.#parts.rule(rule)}`)
  }

  async #findings(call: ToolCall, rules: Team['hitl']['rules']): Promise<Findings> {
    return call.command === null ? inTool(call.tool, rules) : await inShell(call.command, call.cwd, rules)
  }

  #waits({ address, incarnation }: Caller & { kind: 'agent' }, { n, action, summary }: Approval): Over {
    const evidence = { at: this.#parts.clock.now(), what: `held: ${summary}`, source: 'hook' }
    return this.#parts.held(address, incarnation, { type: 'waiting', what: `approval ${n} (${action})`, fix: `troupe approvals ${n}, then troupe approve ${n} or troupe deny ${n}`, evidence })
  }

  /** Somebody at its terminal was first: nothing is left to decide. */
  #answeredThere({ id, n }: Approval, verdict: 'approve' | 'deny'): void {
    this.#parts.approvals.decide(id, verdict, { name: 'whoever is at its terminal', via: 'terminal' }, null).catch((error: unknown) => {
      if (!(error instanceof TroupeError) || error.code !== 'conflict') this.#parts.report(`closing approval ${n}`, error)
    })
  }

  #decided({ n, status }: Approval): Evidence {
    return { at: this.#parts.clock.now(), what: `approval ${n}: ${status === 'used' ? 'approved' : status}`, source: 'hook' }
  }

  async #refused(address: string, { tool, input }: ToolCall, why: string): Promise<void> {
    const hash = deedHash({ agent: address, tool, input, cwd: '' })
    await this.#parts.store.write(async (tx) => await tx.journal({ type: 'call.denied', subject: address, agent: address, data: { tool, why, hash } }))
  }
}

const decides = 'a person: troupe approve, or a window in hitl.auto_approve_windows'
const sensitiveRule = teamRule('hitl.globally_sensitive_actions', decides)

function modeRule(agent: Agent): Rule {
  return { ...agentRule(agent, agent.autonomy === 'proposal_only' && agent.permissionMode === 'auto' ? 'autonomy' : 'permission_mode'), allowedBy: decides }
}

function verdictOf({ n, status, decidedBy, note }: Approval, why: string): Verdict {
  const said = note === null ? '' : ` Note: ${note}`
  switch (status) {
    case 'used':
    case 'approved':
      return { do: 'allow', approved: true, why: `approval ${n}, by ${decidedBy ?? 'user'}.${said}` }
    case 'denied':
      return { do: 'deny', why: `Denied by a person (approval ${n}; ${why}).${said} Do not do it, nor in another way.` }
    case 'expired':
      return { do: 'deny', why: `Nobody decided on approval ${n} in time, and that means no (${why}). Do not do it, nor in another way.` }
    case 'pending':
      return { do: 'deny', why: `Not yet: approval ${n} waits for a person (${why}). Go on with other work; the verdict comes as mail, and exactly this call then passes once.` }
  }
}

function summaryOf({ tool, command, input }: ToolCall): string {
  const text = command ?? `${tool} ${JSON.stringify(input)}`
  return shortened(text, summaryLength)
}
