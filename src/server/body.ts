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
  if (!isStated(request.headers)) {
    const chunks: Uint8Array[] = []
    if (request.body !== null) for await (const chunk of counted(request.body, limit)) chunks.push(chunk)
    return new TextDecoder().decode(Buffer.concat(chunks))
  }
  try {
    return await request.text()
  } catch (cause) {
    throw endedEarly(cause)
  }
}

/** The same as it comes; one that is too long, or ends too early, breaks off with that. */
export function streamBody(request: Request, limit: number): ReadableStream<Uint8Array> | null {
  return request.body === null ? null : (ReadableStream.from(counted(request.body, limit)) as ReadableStream<Uint8Array>)
}

async function* counted(body: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Uint8Array> {
  let size = 0
  try {
    for await (const chunk of body) {
      size += chunk.length
      if (size > limit) throw tooLarge(limit)
      yield chunk
    }
  } catch (error) {
    throw endedEarly(error)
  }
}

/** A client that goes in the middle is no defect of ours. */
function endedEarly(cause: unknown): TroupeError {
  return cause instanceof TroupeError ? cause : new TroupeError('usage', 'the request ended before its body was whole', { hint: 'send it again', cause })
}

function isStated(headers: Pick<Headers, 'get'>): boolean {
  return headers.get('content-length') !== null && headers.get('transfer-encoding') === null
}

function tooLarge(limit: number): TroupeError {
  return new TroupeError('too_large', `the request is larger than ${limit} bytes`, { hint: 'send less in one call', facts: { limit } })
}
