import { TroupeError } from '../core/error.ts'
import type { Caller, Daemon } from '../daemon/daemon.ts'

export type AgentCaller = Caller & { kind: 'agent' }

/** Where a request came in: the loopback port, or the Unix socket of one incarnation. */
export type Door = { kind: 'port'; port: number } | { kind: 'socket'; incarnation: string }

/**
 * What every request must pass before anything else looks at it, even on loopback: a Host that is ours (else a
 * name that an attacker points at 127.0.0.1 would do) and an Origin that is ours, where there is one. A missing
 * Origin proves nothing: the token is asked for as well. Throws `denied`.
 */
export function checkNames(headers: Pick<Headers, 'get'>, door: Door): void {
  const host = headers.get('host')
  if (host === null || !hosts(door).includes(host.toLowerCase())) {
    throw new TroupeError('denied', `this address is not called ${JSON.stringify(host ?? '')}`, {
      hint: 'use 127.0.0.1 or localhost, with the port',
    })
  }
  const origin = headers.get('origin')
  if (origin !== null && !hosts(door).some((name) => origin.toLowerCase() === `http://${name}`)) {
    throw new TroupeError('denied', `pages of ${JSON.stringify(origin)} may not call this address`, { hint: 'call it from a program, or from a page of this address' })
  }
}

function hosts(door: Door): string[] {
  return door.kind === 'port' ? [`127.0.0.1:${door.port}`, `localhost:${door.port}`] : ['localhost', '127.0.0.1']
}

/** Header names under which a client of a model API sends its key. */
const keyHeaders = ['x-api-key', 'x-goog-api-key']

/**
 * Who is calling, by bearer token; on an agent's own socket only that agent. Throws `unauthorised` or `denied`.
 * `keys`: a model client's key header is as good as a bearer.
 */
export async function identify(daemon: Daemon, headers: Pick<Headers, 'get'>, door: Door, keys: boolean): Promise<Caller> {
  const token = bearer(headers.get('authorization')) ?? (keys ? modelKey(headers) : null)
  const caller = token === null ? null : await daemon.identify(token)
  if (caller === null) {
    const why = token === null ? 'this needs a bearer token' : 'this token is not, or no longer, valid'
    throw new TroupeError('unauthorised', why, {
      hint: 'operators get one from `troupe daemon token`; an agent has its own in TROUPE_AGENT_TOKEN while it runs',
    })
  }
  if (door.kind === 'socket' && !(caller.kind === 'agent' && caller.incarnation === door.incarnation)) {
    throw new TroupeError('denied', 'this socket belongs to another agent', { hint: 'use TROUPE_MCP_URL of the agent’s own environment' })
  }
  return caller
}

function bearer(header: string | null): string | null {
  return /^bearer +(\S+) *$/i.exec(header ?? '')?.[1] ?? null
}

function modelKey(headers: Pick<Headers, 'get'>): string | null {
  return keyHeaders.map((name) => headers.get(name)).find((value) => value !== null) ?? null
}

/** Takes the agent's token out before a request goes on: what is behind never sees it. */
export function withoutSecrets(headers: Headers): Headers {
  const clean = new Headers(headers)
  for (const name of ['authorization', ...keyHeaders]) clean.delete(name)
  return clean
}

