import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { exitCodes, toShape, TroupeError, type ErrorCode } from '../core/error.ts'

const statuses: Record<ErrorCode, ContentfulStatusCode> = {
  failed: 500,
  conflict: 409,
  usage: 400,
  config: 422,
  denied: 403,
  throttled: 429,
  unauthorised: 401,
  unknown: 404,
  too_large: 413,
  timeout: 504,
  unavailable: 503,
  incompatible: 409,
  internal: 500,
}

/** `{error: {code, message, hint, facts}, exit}`: the same error as on the socket, with the CLI's exit code for it. */
export function failure(c: Context, error: unknown): Response {
  const shape = toShape(error)
  if (shape.code === 'unauthorised') c.header('WWW-Authenticate', 'Bearer realm="troupe"')
  const wait = shape.code === 'throttled' ? shape.facts?.['retryAfterMs'] : undefined
  if (typeof wait === 'number') c.header('Retry-After', String(Math.max(1, Math.ceil(wait / 1000))))
  return c.json({ error: shape, exit: exitCodes[shape.code] }, statuses[shape.code])
}

/** What a client is told of a defect: nothing of its inside. */
export const defectSentence = 'troupe failed to do this; the reason is in the log of its daemon'

/** True for what the log should see: a defect of ours, not an answer. */
export function isDefect(error: unknown): boolean {
  return !(error instanceof TroupeError) || error.code === 'internal'
}
