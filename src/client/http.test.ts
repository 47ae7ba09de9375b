import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fakeDaemon, tokens } from '../../test/fixtures/daemon.ts'
import { testFolder } from '../../test/fixtures/folder.ts'
import { systemClock } from '../core/clock.ts'
import { holdValues } from '../daemon/held.ts'
import { httpApp } from '../server/http.ts'
import { listenLoopback, type Listening } from '../server/port.ts'
import { connectHttp } from './http.ts'

let http: Listening

beforeEach(async () => {
  const daemon = fakeDaemon()
  const app = httpApp({ daemon, clock: systemClock, report: () => undefined })
  http = await listenLoopback(app, join(testFolder('troupe-http-'), 'port'))
  const endpoints = { open: async () => '', close: async () => undefined }
  daemon.listening({ url: http.url, endpoints, held: holdValues(null), keeper: () => null })
})
afterEach(() => http.close(0))

test('the same client over HTTP: calls, refusals, events, and an end', async () => {
  const client = await connectHttp({ url: http.url, token: tokens.operator })
  expect(client.daemon).toEqual({ pid: process.pid, root: '/team', version: '0', protocol: 1 })
  expect(await client.call('ps', {})).toEqual([])
  await expect(client.call('whoami', {})).rejects.toMatchObject({ code: 'denied' })
  const stop = new AbortController()
  const seen: unknown[] = []
  for await (const item of client.events('7', stop.signal)) {
    seen.push(item)
    if (seen.length === 10) stop.abort()
  }
  expect(seen[0]).toEqual({ id: '8', event: 'journal', data: { n: 8 } })
  expect(seen).toHaveLength(10)
  client.close()
  await expect(client.call('ps', {})).rejects.toMatchObject({ code: 'unavailable' })
})

test('a daemon that ends takes the stream with it, audibly', async () => {
  const client = await connectHttp({ url: http.url, token: tokens.operator })
  const follow = (async () => {
    for await (const { id } of client.events(null, new AbortController().signal)) if (id === '110') await http.close(0)
  })()
  await expect(follow).rejects.toMatchObject({ code: 'unavailable' })
  await expect(client.call('ps', {})).rejects.toMatchObject({ code: 'unavailable', hint: 'troupe daemon start' })
})

test('a wrong token is told apart from a wrong address', async () => {
  await expect(connectHttp({ url: http.url, token: 'wrong' })).rejects.toMatchObject({ code: 'unauthorised' })
  await expect(connectHttp({ url: 'http://127.0.0.1:1', token: tokens.operator })).rejects.toMatchObject({ code: 'unavailable' })
})
