import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TroupeError } from '../core/error.ts'
import type { LimitHit } from '../core/limit-hit.ts'
import type { RateLimitHook, Team } from '../core/team.ts'
import { perform, type ActionParts } from './limit-actions.ts'

const hit: LimitHit = { id: 'h1', agent: 'p:a', project: 'p', runtime: 'r', incarnation: 'i', at: 1_000, resetsAt: 61_500, until: 66_500, raw: "limit; $(touch owned) '", hooks: [] }
const signal = new AbortController().signal
let folder: string
let server: Server
let answers: (request: IncomingMessage & { body: string }) => { status: number; headers?: Record<string, string> }
let asked: (IncomingMessage & { body: string })[]
let url: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'limit-actions-'))
  asked = []
  answers = () => ({ status: 204 })
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const whole = Object.assign(request, { body: Buffer.concat(chunks).toString() })
    asked.push(whole)
    const { status, headers } = answers(whole)
    response.writeHead(status, headers).end('secret words')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/in?token=hidden-in-the-url`
})
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true })
})

const hook = (more: Partial<RateLimitHook>): RateLimitHook => ({ name: 'n', action: 'send', to: null, template: null, url: null, urlEnv: null, method: null, command: [], ...more })
function parts(more: Partial<ActionParts> = {}, allowPrivate = ['127.0.0.1']): ActionParts {
  const team = { root: folder, rateLimits: { defaultOnHit: [], fallbackWaitMs: 0, allowPrivate, hooks: [] } } as unknown as Team
  return { team: () => team, values: () => ({ PAGER: url }), plainEnvironment: () => ({ PATH: process.env['PATH'] ?? '' }), mail: async () => expect.fail('no mail'), tellPeople: async () => expect.fail('nobody is told'), ...more }
}

describe('send', () => {
  it('posts one message for each hit and hook, and says what stood against it', async () => {
    const sent: string[][] = []
    const mail = async (...said: string[]) => void sent.push(said)
    expect(await perform(parts({ mail }), hook({ to: 'p:b', template: '{agent}: {raw_match}' }), hit, signal)).toEqual({ ok: true, what: 'sent to p:b' })
    expect(sent).toEqual([['p:b', `p:a: ${hit.raw}`, 'limit h1 n']])
    const fails = (code: 'unknown' | 'unavailable') => perform(parts({ mail: () => Promise.reject(new TroupeError(code, 'why')) }), hook({ to: 'p:b' }), hit, signal)
    expect([await fails('unknown'), await fails('unavailable')]).toEqual([{ ok: false, why: 'why', again: false }, { ok: false, why: 'why', again: true }])
  })
})

it('tells people in their chats where it is for the user', async () => {
  const told: unknown[] = []
  const tellPeople = async (of: LimitHit, name: string, text: string) => void told.push([of.id, name, text])
  expect(await perform(parts({ tellPeople }), hook({ to: 'user:telegram', template: 'out: {agent}' }), hit, signal)).toEqual({ ok: true, what: 'sent to user:telegram' })
  expect(told).toEqual([['h1', 'n', 'out: p:a']])
})

describe('webhook', () => {
  const call = (more: Partial<RateLimitHook>, allowed?: string[]) => perform(parts({}, allowed), hook({ action: 'webhook', ...more }), hit, signal)

  it('tells the facts in Unix seconds, and a name for the hit that is the same each time', async () => {
    expect(await call({ urlEnv: 'PAGER', template: 'out: {agent}' })).toEqual({ ok: true, what: 'answered 204' })
    await call({ url, method: 'put' })
    expect(asked.map(({ method, headers }) => [method, headers['idempotency-key'], headers['content-type']])).toEqual([['POST', 'h1-n', 'application/json'], ['PUT', 'h1-n', 'application/json']])
    expect(asked.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { agent: 'p:a', runtime: 'r', hit_at: 1, resets_at: 61.5, raw_match: hit.raw, text: 'out: p:a' },
      { agent: 'p:a', runtime: 'r', hit_at: 1, resets_at: 61.5, raw_match: hit.raw },
    ])
  })

  it('reaches nothing off the public internet that the team does not name, nor what an answer points to', async () => {
    const { port } = server.address() as AddressInfo
    for (const inner of [url, `http://localhost:${port}/`, `http://[::ffff:127.0.0.1]:${port}/`, `http://2130706433:${port}/`, 'http://169.254.169.254/latest/meta-data', 'http://10.1.2.3/']) {
      expect(await call({ url: inner }, ['192.168.1.0/24'])).toMatchObject({ ok: false, again: false, why: expect.stringContaining('not on the public internet') as string })
    }
    expect(asked).toEqual([])
    for (const allowed of ['127.0.0.0/8', '127.0.0.1']) expect(await call({ url }, [allowed])).toMatchObject({ ok: true })
    expect(await call({ url: `http://localhost:${port}/` }, ['localhost'])).toMatchObject({ ok: true })
    answers = ({ url: path }) => (path === '/moved' ? { status: 204 } : { status: 302, headers: { location: '/moved' } })
    asked = []
    expect(await call({ url })).toEqual({ ok: false, why: 'answered 302, and redirects are not followed', again: false })
    expect(asked).toHaveLength(1)
  })

  it('is tried again where that may help, and never tells the address', async () => {
    answers = () => ({ status: 503 })
    expect(await call({ url })).toEqual({ ok: false, why: 'answered 503', again: true })
    answers = () => ({ status: 404 })
    expect(await call({ url })).toMatchObject({ again: false })
    expect(await call({ urlEnv: 'MISSING' })).toEqual({ ok: false, why: 'the variable MISSING that holds its URL is not set', again: false })
    const gone = url.replace(/:\d+/, ':9')
    const failed = await call({ url: gone })
    expect(failed).toMatchObject({ ok: false, again: true })
    expect(JSON.stringify(failed)).not.toContain('hidden')
    expect(await call({ url: 'file:///etc/passwd' })).toMatchObject({ ok: false, again: false })
  })

  it('ends with the daemon', async () => {
    const ending = new AbortController()
    answers = () => (ending.abort(), { status: 204 })
    await expect(perform(parts(), hook({ action: 'webhook', url }), hit, ending.signal)).rejects.toThrow()
  })
})

describe('run', () => {
  const call = (...command: string[]) => perform(parts(), hook({ action: 'run', command }), hit, signal)

  it('passes what a CLI said as one argument, in the team’s folder, without anybody’s token', async () => {
    const script = 'require("fs").writeFileSync("seen", JSON.stringify([process.argv.slice(1), process.env])); console.log("did it")'
    expect(await call(process.execPath, '-e', script, '{raw_match}', 'at {resets_at}')).toEqual({ ok: true, what: 'exit 0: did it' })
    const [argv, env] = JSON.parse(readFileSync(join(folder, 'seen'), 'utf8')) as [string[], Record<string, string>]
    expect(argv).toEqual([hit.raw, 'at 62'])
    expect(Object.keys(env).filter((name) => /TOKEN|PAGER|KEY/.test(name))).toEqual([])
    expect(env).toMatchObject({ TROUPE_LIMIT_ID: 'h1', TROUPE_LIMIT_AGENT: 'p:a' })
  })

  it('says how it failed, with the end of what it printed and without what looks like a secret', async () => {
    expect(await call(process.execPath, '-e', 'console.error("x".repeat(999) + " token=abcdef123"); process.exit(3)')).toMatchObject({ ok: false, again: true, why: expect.stringMatching(/^exit 3: x{200,290} token=\[secret\]$/) as string })
    expect(await call(process.execPath, '-e', 'console.log("y".repeat(9_999_999))')).toEqual({ ok: true, what: `exit 0: ${'y'.repeat(300)}` })
    expect(await call('/no/such/program')).toMatchObject({ ok: false, again: false, why: expect.stringContaining('ENOENT') as string })
  })

  it('ends with the daemon', async () => {
    const ending = new AbortController()
    const running = perform(parts(), hook({ action: 'run', command: [process.execPath, '-e', 'setInterval(() => {}, 1000)'] }), hit, ending.signal)
    ending.abort()
    await expect(running).rejects.toThrow()
  })
})
