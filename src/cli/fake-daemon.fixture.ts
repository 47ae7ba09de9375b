import { chmodSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { LineReader, longestLine, programVersion, protocolVersion, writeLine, type ClientLine } from '../api/wire.ts'
import { preparePaths, teamPaths } from '../config/paths.ts'
import { TroupeError, toShape } from '../core/error.ts'

export type Answers = Record<string, unknown>

/** What the programs under test asked for, in order. */
export interface FakeDaemon {
  calls: { name: string; input: unknown }[]
  stop(): Promise<void>
}

/** Listens on a root's operator socket and gives prepared answers; an answer that is an Error is thrown. Events come from `events`. */
export async function fakeDaemon(root: string, answers: Answers, events: unknown[] = []): Promise<FakeDaemon> {
  const paths = teamPaths(root)
  preparePaths(paths)
  const calls: FakeDaemon['calls'] = []
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    const lines = new LineReader(longestLine)
    open.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => open.delete(socket))
    socket.on('data', (chunk) => {
      for (const line of lines.push(chunk) as ClientLine[]) answer(socket, root, line, answers, events, calls)
    })
  })
  await listen(server, paths.operatorSocket)
  return {
    calls,
    async stop() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function answer(socket: Socket, root: string, line: ClientLine, answers: Answers, events: unknown[], calls: FakeDaemon['calls']): void {
  if ('hello' in line) {
    socket.write(writeLine({ hello: { protocol: protocolVersion, version: programVersion, pid: process.pid, root } }))
  } else if ('events' in line) {
    events.forEach((data, i) => socket.write(writeLine({ id: line.id, item: { id: String(i), event: 'journal', data } })))
  } else if ('call' in line) {
    calls.push({ name: line.call, input: line.input })
    const found = Object.hasOwn(answers, line.call) ? answers[line.call] : new TroupeError('unknown', `no answer for ${line.call}`)
    socket.write(writeLine(found instanceof Error ? { id: line.id, error: toShape(found) } : { id: line.id, ok: found }))
  }
}

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  chmodSync(path, 0o600)
}
