import { lookup } from 'node:dns/promises'
import { request as plain } from 'node:http'
import { request as secure } from 'node:https'
import { BlockList, isIP } from 'node:net'

/** Not the public internet: this machine, its networks, and what clouds serve their secrets on. */
const inside = blockList([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.168.0.0/16'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/128', '::1/128', '64:ff9b::/96', '100::/64', '2001:db8::/32', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
])

export interface WebRequest {
  url: string
  method: string
  headers: Record<string, string>
  body: string
  /** For the whole of it, ms. */
  timeoutMs: number
  /** Hosts by name, addresses and networks (`10.0.0.0/8`) that may be called although they are not on the public internet. */
  allowed: readonly string[]
  signal: AbortSignal
}

/** Thrown where a request may not be made at all: another attempt would end alike. */
export class Forbidden extends Error {}

/**
 * One request to the outside; resolves with the status and at most `answerBytes` of the answer, rejects with Node's
 * own error where there is none. The name is looked up once and that very address is called, so that it cannot turn
 * into an inner one in between. Redirects are not followed: they may lead anywhere.
 */
export async function webRequest({ url, method, headers, body, timeoutMs, allowed, signal }: WebRequest): Promise<{ status: number; text: string }> {
  const target = new URL(url)
  if (target.protocol !== 'http:' && target.protocol !== 'https:') throw new Forbidden(`${target.protocol} is neither http: nor https:`)
  const ended = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const address = await Promise.race([resolved(target, allowed), whenAborted(ended)])
  return await new Promise((resolve, reject) => {
    const sent = (target.protocol === 'https:' ? secure : plain)(target, {
      method,
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      // Only the address that was looked at; `servername` and Host stay those of the URL.
      lookup: (_name, _options, found) => found(null, [address]),
      agent: false,
      signal: ended,
    })
    sent.on('error', reject)
    sent.on('response', (answer) => {
      const chunks: Buffer[] = []
      let size = 0
      const done = (): void => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8').slice(0, answerBytes) })
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.length
        if (size < answerBytes) return
        done()
        answer.destroy()
      })
      answer.on('end', done)
      answer.on('error', reject)
    })
    sent.end(body)
  })
}

const answerBytes = 4096

async function resolved({ hostname }: URL, allowed: readonly string[]): Promise<{ address: string; family: 4 | 6 }> {
  const host = hostname.replace(/^\[|\]$/g, '')
  const found = isIP(host) === 0 ? await lookup(host, { all: true, verbatim: true }) : [{ address: host, family: isIP(host) }]
  const named = allowed.some((each) => each.toLowerCase() === host.toLowerCase())
  const good = found.find(({ address }) => named || !isInside(address) || isAllowed(address, allowed))
  if (good !== undefined) return { address: good.address, family: good.family === 6 ? 6 : 4 }
  throw new Forbidden(`${host} (${found.map(({ address }) => address).join(', ')}) is not on the public internet`)
}

/** An IPv4 address inside an IPv6 one counts as what it is. */
export function isInside(address: string): boolean {
  return inside.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

function isAllowed(address: string, allowed: readonly string[]): boolean {
  const networks = allowed.filter((each) => isNetwork(each)).map((each) => (each.includes('/') ? each : `${each}/${isIP(each) === 6 ? 128 : 32}`))
  return blockList(networks).check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

/** An address, or one with the length of its prefix. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, more] = text.split('/')
  const family = isIP(address)
  if (family === 0 || more !== undefined) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32))
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits = ''] = network.split('/')
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
    if (signal.aborted) fail()
    else signal.addEventListener('abort', fail, { once: true })
  })
}
