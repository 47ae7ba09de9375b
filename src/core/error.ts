/**
 * The one error of the program. A decision that says no is a value, a fault is thrown as this.
 * `message` says what happened and why, in one sentence; `hint` says what to do next and is printed as "Try: …".
 */
export class TroupeError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  /** Whatever a script needs to act on it. JSON values only, never a secret. */
  readonly facts: Facts

  constructor(code: ErrorCode, message: string, more: { hint?: string; facts?: Facts; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'TroupeError'
    this.code = code
    this.hint = more.hint
    this.facts = more.facts ?? {}
  }
}

export type Facts = Record<string, unknown>

export type ErrorCode =
  | 'failed' // a thing was tried and did not work
  | 'conflict' // somebody was first: decided already, key reused with another body
  | 'usage' // the call itself is wrong: flag, argument
  | 'config' // the team's files are wrong
  | 'denied' // not allowed: ACL, role, token
  | 'throttled' // allowed, but not now
  | 'unauthorised' // who are you?
  | 'unknown' // a named thing does not exist
  | 'too_large' // over a stated limit
  | 'timeout'
  | 'unavailable' // the daemon, a database or a supervisor cannot be reached
  | 'incompatible' // protocol, schema or version does not fit
  | 'internal' // a defect of troupe

/** Exit codes of the CLI, as documented in docs/cli.md. */
export const exitCodes: Record<ErrorCode, number> = {
  failed: 1,
  conflict: 1,
  usage: 2,
  config: 2,
  denied: 3,
  throttled: 3,
  unauthorised: 3,
  unknown: 4,
  too_large: 2,
  timeout: 5,
  unavailable: 1,
  incompatible: 1,
  internal: 1,
}

/** How an error travels: over sockets, HTTP and on stderr with --json. */
export interface ErrorShape {
  code: ErrorCode
  message: string
  hint?: string
  facts?: Facts
}

export function toShape(error: unknown): ErrorShape {
  if (error instanceof TroupeError) {
    return {
      code: error.code,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(Object.keys(error.facts).length === 0 ? {} : { facts: error.facts }),
    }
  }
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) }
}

export function fromShape(shape: ErrorShape): TroupeError {
  return new TroupeError(shape.code, shape.message, {
    ...(shape.hint === undefined ? {} : { hint: shape.hint }),
    ...(shape.facts === undefined ? {} : { facts: shape.facts }),
  })
}
