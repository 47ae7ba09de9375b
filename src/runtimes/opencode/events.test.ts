import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { Client } from './client.ts'
import { listen } from './events.ts'

const password = `Basic ${Buffer.from('opencode:secret').toString('base64')}`

function answer({ headers, url }: IncomingMessage, response: ServerResponse): void {
  if (headers.authorization !== password) return void response.writeHead(401).end()
  if (url?.startsWith('/event') !== true) return void response.end(JSON.stringify({ directory: '/srv/work' }))
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {"type":"server.connected","properties":{"n":1}}\n\n')
}

// As OpenCode does with what comes while it opens its port. Waited for as others are, that took 20 s of each start.
it('gives up early what is never answered, and listens at the second try', async () => {
  let knocks = 0
  const server = createServer((request, response) => (knocks++ === 0 ? undefined : answer(request, response)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = new Client({ port: (server.address() as AddressInfo).port, password: 'secret' }, '/srv/work')
  const lost: unknown[] = []
  const heard = await new Promise((resolve) => {
    const leave = listen({ client, clock: systemClock, opened: () => undefined, lost: (error) => lost.push(error), event: (type, properties) => (leave(), resolve([type, properties])) })
  })
  server.closeAllConnections()
  server.close()
  expect(heard).toEqual(['server.connected', { n: 1 }])
  expect(lost).toMatchObject([{ name: 'TimeoutError' }])
}, 10_000)
