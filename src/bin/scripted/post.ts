import type { IncomingHttpHeaders } from 'node:http'

// A hundred scripted agents run at once: importing node:http as a module evaluates its lazy exports too,
// which loads all of fetch and costs 15 MB a process.
const http = process.getBuiltinModule('node:http')
const connections = new http.Agent({ keepAlive: true })

const brokenOff = 'the connection broke in the middle of the answer'

export interface Reply {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/** POSTs JSON. Rejects where no whole answer came: nobody listens, the connection broke, `signal` was aborted. */
export function post(url: string, token: string, body: unknown, signal?: AbortSignal): Promise<Reply> {
  const bytes = Buffer.from(JSON.stringify(body))
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'content-length': bytes.length,
  }
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', agent: connections, headers, ...(signal === undefined ? {} : { signal }) }
    const request = http.request(url, options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode: status = 0 } = response
        if (response.complete) resolve({ status, headers: response.headers, body: Buffer.concat(chunks).toString('utf8') })
        else reject(new Error(brokenOff))
      })
    })
    request.on('error', reject)
    request.end(bytes)
  })
}

/** The server is there but not able to serve now: worth another try, like no server at all. */
export class NotNow extends Error {}

/** Tries until it works or `signal` is aborted, with growing pauses. `lost` hears of the first failure of each outage. */
export async function persist<T>(attempt: () => Promise<T>, signal: AbortSignal, lost: (error: Error) => void = () => {}): Promise<T> {
  for (let pause = 50; ; pause = Math.min(pause * 2, 2_000)) {
    try {
      return await attempt()
    } catch (error) {
      if (signal.aborted || !(error instanceof NotNow || isConnectionError(error))) throw error
      if (pause === 50) lost(error as Error)
      await sleep(pause, signal)
    }
  }
}

function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  // The system's own codes (ECONNREFUSED) and the HTTP parser's; not those of a wrong call (ERR_INVALID_URL).
  const code = 'code' in error ? String(error.code) : ''
  return /^(E(?!RR_)|HPE_)/.test(code) || error.message === brokenOff
}

/** Rejects with the signal's reason when it is aborted. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => (clearTimeout(timer), reject(signal.reason))
    const timer = setTimeout(() => (signal.removeEventListener('abort', stop), resolve()), ms)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
