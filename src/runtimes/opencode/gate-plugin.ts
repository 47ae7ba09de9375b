import { teamTools, type Permissions } from './permissions.ts'

/** What a line on standard error begins with that tells of a retry, where nobody is at the terminal. */
export const retryWord = 'troupe: the model is asked again: '

/** What counts where nobody can be asked. */
export interface Alone {
  /** Tools that may be used without a word of troupe's: for others no opinion is a no. Null: all of them. */
  passes: readonly string[] | null
  /** OpenCode's rules once the plugin runs. Before, and without it, the stricter ones of the configuration hold. */
  permission: Permissions
  agent: string
}

/** What the plugin is made with. */
export interface GatePlugin {
  /** Where calls are judged. */
  sink: string
  /** Where it says that it runs. */
  loaded: string
  /** Tools that OpenCode itself asks about: for others a question has nobody to answer it, and is a no. */
  asks: readonly string[]
  /** Nobody is at the terminal, and OpenCode says no to its own questions: the plugin decides alone. Null where somebody is. */
  alone: Alone | null
  /** How long an absent daemon is waited for, ms: one that was ended is back within seconds. */
  awayMs: number
}

/**
 * Source of the plugin that OpenCode loads. It sees every tool call before it is made, of subagents too, and fails closed:
 * without a clear answer the call is not made. What was allowed, and what a person decided of OpenCode's own questions, it
 * tells OpenCode by itself. Stands alone: no import but Node's.
 */
export function gatePlugin(made: GatePlugin): string {
  return `// Written by troupe at each start of this agent. It asks for leave before each tool call.
import { writeFileSync } from 'node:fs'

const { sink, loaded, asks, alone, awayMs } = ${JSON.stringify(made)}
const teamTools = ${JSON.stringify(teamTools)}
const retryWord = ${JSON.stringify(retryWord)}
${body}`
}

const body = `const bearer = process.env.TROUPE_AGENT_TOKEN
const password = process.env.OPENCODE_SERVER_PASSWORD

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** A person may take long to answer: no limit of time but that of the one who asks. */
async function post(event, signal) {
  const answer = await fetch(sink, {
    method: 'POST',
    headers: { authorization: 'Bearer ' + bearer, 'content-type': 'application/json' },
    body: JSON.stringify(event),
    signal,
    timeout: false,
  })
  if (!answer.ok) throw new Error('it answered with ' + answer.status)
  return await answer.json()
}

async function judged(event, signal) {
  const begun = Date.now()
  for (let wait = 100; ; wait = Math.min(wait * 2, 2000)) {
    const asked = Date.now()
    try {
      return await post(event, signal)
    } catch (error) {
      // Cut off after a long wait, it is another outage.
      const since = Date.now() - asked > awayMs ? asked : begun
      if (signal.aborted || Date.now() - since > awayMs) throw error
      await pause(wait)
    }
  }
}

/** A run tells nobody of its retries. Whoever reads what it says does so on standard error. */
const sayRetry = ({ attempt, message, next }) => process.stderr.write(retryWord + JSON.stringify({ attempt, message, next }) + '\\n')

export const Troupe = async ({ directory, serverUrl }) => {
  /** Calls that troupe allowed: OpenCode's own question about them is answered at once. */
  const allowed = new Set()
  const calls = new Map()
  const turns = new Map()
  const turnOf = (session) => {
    if (!turns.has(session)) turns.set(session, new AbortController())
    return turns.get(session)
  }
  const reply = async (id, said) => {
    const authorization = 'Basic ' + Buffer.from('opencode:' + password).toString('base64')
    const url = new URL('/permission/' + encodeURIComponent(id) + '/reply?directory=' + encodeURIComponent(directory), serverUrl)
    await fetch(url, { method: 'POST', headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify(said) })
  }
  const onAsked = async ({ id, sessionID, permission, patterns, tool }) => {
    const call = tool === undefined ? undefined : calls.get(tool.callID)
    if (tool !== undefined && allowed.has(tool.callID)) return await reply(id, { reply: 'once' })
    const event = { hook_event_name: 'PermissionRequest', request_id: id, session_id: sessionID, cwd: directory }
    const answer = await judged({ ...event, tool_name: call?.tool ?? permission, tool_input: call?.args ?? { patterns } }, turnOf(sessionID).signal)
    if (answer.decision === 'allow') await reply(id, { reply: 'once' })
    if (answer.decision === 'deny') await reply(id, { reply: 'reject', message: String(answer.why) })
  }
  writeFileSync(loaded, JSON.stringify({ incarnation: process.env.TROUPE_INCARNATION, pid: process.pid }), { mode: 0o600 })
  return {
    'tool.execute.before': async ({ tool, sessionID, callID }, { args }) => {
      const { signal } = turnOf(sessionID)
      const event = { hook_event_name: 'PreToolUse', tool_name: tool, tool_input: args, session_id: sessionID, call_id: callID, cwd: directory }
      calls.set(callID, { tool, args })
      let answer
      try {
        answer = await judged(event, signal)
      } catch (error) {
        throw new Error('troupe could not be asked about this call (' + error.message + '), so it was not made. Try it again later.')
      }
      // Interrupted while it was held: whatever the answer is, nobody waits for this deed any more.
      if (signal.aborted) throw new Error('interrupted')
      if (answer.decision === 'allow') return void allowed.add(callID)
      const passes = alone === null || alone.passes === null || alone.passes.includes(tool) || tool.startsWith(teamTools)
      if (answer.decision === 'pass' && passes) return
      if (answer.decision === 'ask' && alone === null && asks.includes(tool)) return
      throw new Error(String(answer.why ?? 'troupe did not allow this call, and nobody can be asked about it'))
    },
    config: async (config) => {
      if (alone === null) return
      config.permission = alone.permission
      config.agent[alone.agent].permission = alone.permission
    },
    'tool.execute.after': async ({ callID }) => {
      calls.delete(callID)
      allowed.delete(callID)
    },
    // What an agent runs is no client of its own API.
    'shell.env': async (_, output) => {
      output.env.OPENCODE_SERVER_PASSWORD = ''
    },
    event: async ({ event: { type, properties } }) => {
      if (alone !== null && type === 'session.status' && properties.status?.type === 'retry') sayRetry(properties.status)
      if (type === 'permission.asked') await onAsked(properties).catch(() => {})
      if (type !== 'session.status' || properties.status?.type !== 'idle') return
      turns.get(properties.sessionID)?.abort()
      turns.delete(properties.sessionID)
    },
  }
}
`
