import { NotNow, persist, post } from './post.ts'
import type { OwnTool } from './tools.ts'

/** What the agent may do without asking anybody, as the team's files say it. */
export type Mode = 'plan' | 'confirm' | 'manual' | 'auto' | 'bypass'

type Verdict = { do: 'allow' } | { do: 'deny' | 'ask'; why: string } | { do: 'pass' }

/** Why the call must not be made; null: it may. */
export type AskLeave = (tool: OwnTool, input: Record<string, unknown>, signal: AbortSignal) => Promise<string | null>

/**
 * Asks the daemon's gate before each call that reaches anything outside, for as long as a person takes; while there is no
 * daemon, no such call is made. What the gate has no opinion on, the mode decides: nobody sits at this terminal to be asked.
 */
export function leaveFrom(url: string, token: string, mode: Mode): AskLeave {
  const ask = async (stage: 'call' | 'prompt', { name }: OwnTool, input: Record<string, unknown>, signal: AbortSignal): Promise<Verdict> =>
    await persist(async () => {
      const { status, body } = await post(url, token, { event: stage, tool_name: name, tool_input: input, cwd: process.cwd() }, signal)
      if (status >= 500 || status === 401 || status === 429) throw new NotNow(`${url} answers ${status}`)
      if (status >= 400) return { do: 'deny', why: `the team answers ${status}: ${body.slice(0, 200)}` }
      return (JSON.parse(body) as { verdict?: Verdict }).verdict ?? { do: 'deny', why: 'the team gave no verdict' }
    }, signal)
  return async (tool, input, signal) => {
    if (tool.reach === undefined) return null
    const verdict = await ask('call', tool, input, signal)
    const settled = verdict.do !== 'pass' || tool.reach === 'reads' ? verdict : byMode(mode)
    const said = settled === 'prompt' ? await ask('prompt', tool, input, signal) : settled
    return said.do === 'deny' || said.do === 'ask' ? said.why : null
  }
}

function byMode(mode: Mode): Verdict | 'prompt' {
  if (mode === 'plan') return { do: 'deny', why: 'Mode plan is read-only.' }
  return mode === 'manual' ? 'prompt' : { do: 'pass' }
}
