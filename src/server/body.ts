import { TroupeError } from '../core/error.ts'

/** Bytes of a request's body. A model request carries a whole conversation, images included. */
export const bodyLimits = { call: 1024 * 1024, model: 64 * 1024 * 1024 }

/** A stated length is known before anything is read, and Node holds a client to it. Throws `too_large`. */
export function checkStated(headers: Pick<Headers, 'get'>, limit: number): void {
  if (isStated(headers) && Number(headers.get('content-length')) > limit) throw tooLarge(limit)
}

/** All of the body; one without a stated length is counted while it is read. Throws `too_large`, or `usage` where it ends too early. */
export async function readBody(request: Request, limit: number): Promise<string> {
  checkStated(request.headers, limit)
  if (isStated(request.headers)) return await whole(request.text())
  return new TextDecoder().decode((await readBytes(request, limit)) ?? new Uint8Array())
}

/** The same as bytes; null where there is none. */
export async function readBytes(request: Request, limit: number): Promise<Uint8Array<ArrayBuffer> | null> {
  checkStated(request.headers, limit)
  return request.body === null ? null : await whole(count(request.body, limit))
}

async function count(body: AsyncIterable<Uint8Array>, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > limit) throw tooLarge(limit)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** A client that goes in the middle is no defect of ours. */
async function whole<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (cause) {
    if (cause instanceof TroupeError) throw cause
    throw new TroupeError('usage', 'the request ended before its body was whole', { hint: 'send it again', cause })
  }
}

function isStated(headers: Pick<Headers, 'get'>): boolean {
  return headers.get('content-length') !== null && headers.get('transfer-encoding') === null
}

function tooLarge(limit: number): TroupeError {
  return new TroupeError('too_large', `the request is larger than ${limit} bytes`, { hint: 'send less in one call', facts: { limit } })
}
