import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { programPath } from '../util/programs.ts'
import { run } from '../util/spawn.ts'

let server: Server | null = null
afterEach(() => void server?.close())

async function asked(answer: ((body: string) => [number, string]) | null, kind: string, ms = '20000') {
  const heard: { path: string | undefined; bearer: string | undefined; body: string }[] = []
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += String(chunk)))
    request.on('end', () => {
      heard.push({ path: request.url, bearer: request.headers.authorization, body })
      if (answer === null) return
      const [status, text] = answer(body)
      response.writeHead(status).end(text)
    })
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const env = { TROUPE_MCP_URL: `http://127.0.0.1:${port}/mcp`, TROUPE_AGENT_TOKEN: 'secret' }
  const ran = await run([process.execPath, programPath('gate'), ms, kind], { env, input: '{"tool_name":"Bash"}' })
  server.closeAllConnections()
  return { heard, ran }
}

describe('the gate', () => {
  it('asks as its agent, and prints the answer as it is', async () => {
    const { heard, ran } = await asked(() => [200, '{"decision":"deny"}'], 'call')
    expect(heard).toEqual([{ path: '/hook', bearer: 'Bearer secret', body: '{"tool_name":"Bash"}' }])
    expect(ran).toMatchObject({ code: 0, stdout: '{"decision":"deny"}', stderr: '' })
  })

  it('says nothing where there is no opinion', async () => {
    expect((await asked(() => [200, '{}'], 'call')).ran).toMatchObject({ code: 0, stdout: '', stderr: '' })
  })

  it.each([
    ['an error', () => [500, 'broken']],
    ['no JSON', () => [200, '<html>']],
    ['JSON that is no object', () => [200, 'null']],
  ] as [string, () => [number, string]][])('means no after %s', async (_what, answer) => {
    expect((await asked(answer, 'call')).ran).toMatchObject({ code: 2, stdout: '' })
  })

  it('means no when nobody answers in time, when nobody is there, and when it was not told whom to ask', async () => {
    expect((await asked(null, 'call', '300')).ran).toMatchObject({ code: 2, stderr: expect.stringContaining('nobody decided in time') })
    const gone = await run([process.execPath, programPath('gate'), '20000', 'call'], { env: { TROUPE_MCP_URL: 'http://127.0.0.1:9/mcp' }, input: '{}' })
    expect(gone).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be reached') })
    expect(await run([process.execPath, programPath('gate'), '20000', 'call'], { env: {}, input: '{}' })).toMatchObject({ code: 2 })
  })

  it('leaves a prompt to whoever is at the terminal', async () => {
    expect((await asked(() => [500, 'broken'], 'prompt')).ran).toMatchObject({ code: 0, stdout: '', stderr: '' })
  })
})
