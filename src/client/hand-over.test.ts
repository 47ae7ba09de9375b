import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { programVersion, protocolVersion } from '../api/wire.ts'
import { connect } from './connect.ts'
import { endDaemon } from './hand-over.ts'
import { connectHttp } from './http.ts'

const program = fileURLToPath(new URL('../../test/fixtures/other-daemon.ts', import.meta.url))

async function otherDaemon(protocol: number, version: string): Promise<{ socket: string; child: ChildProcess; ended: Promise<unknown> }> {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-other-'))
  const socket = join(folder, 'op.sock')
  const child = spawn(process.execPath, [program, socket, String(protocol), version], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })
  await once(child.stdout, 'data')
  return { socket, child, ended }
}

test.each([
  ['older', protocolVersion - 1, '0.0.9', 'troupe daemon restart; agents go on'],
  ['newer', protocolVersion + 1, '9.9.9', 'use troupe 9.9.9 or newer'],
])('a daemon of an %s protocol is told of, with what to do', async (_what, protocol, version, hint) => {
  const { socket, child } = await otherDaemon(protocol, version)
  await expect(connect({ socket })).rejects.toMatchObject({
    code: 'incompatible',
    message: `the running daemon is troupe ${version}, this is ${programVersion}: they speak different protocols`,
    hint,
    facts: { client: protocolVersion, daemon: protocol, pid: child.pid, version },
  })
})

test('a daemon of another protocol is ended by a signal', async () => {
  const { socket, child, ended } = await otherDaemon(protocolVersion - 1, '0.0.9')
  expect(await endDaemon(socket)).toEqual({ pid: child.pid, version: '0.0.9', values: null })
  await ended
  expect(await endDaemon(socket)).toBeNull()
})

test('over HTTP as well', async () => {
  const status = { pid: 7, root: '/team', version: '9.9.9', protocol: protocolVersion + 1 }
  const server = createServer((_request, response) => response.setHeader('content-type', 'application/json').end(JSON.stringify(status)))
  onTestFinished(() => void server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await expect(connectHttp({ url, token: 'x' })).rejects.toMatchObject({ code: 'incompatible', hint: 'use troupe 9.9.9 or newer' })
})
