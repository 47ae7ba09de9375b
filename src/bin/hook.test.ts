import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { programPath } from '../util/programs.ts'
import { run } from '../util/spawn.ts'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'troupe-hook-'))))
afterEach(() => rmSync(folder, { recursive: true }))

const hook = (input: string, ...args: string[]) => run([process.execPath, programPath('hook'), ...args], { input })

it('keeps what was said in a file of its own, readable by nobody else', async () => {
  const spool = join(folder, 'not yet', 'spool')
  for (const said of ['{"n":1}', '{"n":2,"text":"é"}']) expect(await hook(said, spool)).toMatchObject({ code: 0, stdout: '', stderr: '' })
  const names = readdirSync(spool).toSorted()
  expect(names.map((name) => readFileSync(join(spool, name), 'utf8'))).toEqual(['{"n":1}', '{"n":2,"text":"é"}'])
  expect(names.every((name) => name.endsWith('.json') && (statSync(join(spool, name)).mode & 0o777) === 0o600)).toBe(true)
})

it('keeps what was said without what is too long in it', async () => {
  expect(await hook(JSON.stringify({ hook_event_name: 'AfterAgent', prompt_response: 'x'.repeat(2 * 1024 * 1024) }), folder)).toMatchObject({ code: 0, stderr: '' })
  expect(readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual(['{"hook_event_name":"AfterAgent"}'])
})

it('never stops the agent: whatever goes wrong, it says so and exits 0', async () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  expect(await hook('{}', join(file, 'spool'))).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('nothing was kept') as string })
  expect(await hook('{}')).toMatchObject({ code: 0, stderr: expect.stringContaining('no folder') as string })
  expect(await hook('x'.repeat(2 * 1024 * 1024), folder)).toMatchObject({ code: 0, stderr: expect.stringContaining('more than') as string })
})

it('says it to the daemon with the agent’s own token, prints the answer, and keeps what nobody heard', async () => {
  const heard: { authorization: string | undefined; event: Record<string, unknown> }[] = []
  let status = 200
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      heard.push({ authorization: request.headers.authorization, event: JSON.parse(body) as Record<string, unknown> })
      return response.writeHead(status).end('{"decision":"block"}')
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  const spool = join(folder, 'spool')
  const say = async (input: string) => await run([process.execPath, programPath('hook'), spool, url, '20000'], { input, env: { ...process.env, TROUPE_AGENT_TOKEN: 't1' } as Record<string, string> })
  const kept = () => (existsSync(spool) ? readdirSync(spool).map((name) => readFileSync(join(spool, name), 'utf8')) : [])
  expect(await say('{"n":1}')).toMatchObject({ code: 0, stdout: '{"decision":"block"}' })
  expect(await say(JSON.stringify({ n: 2, prompt: 'p', tool_response: 'x'.repeat(300_000) }))).toMatchObject({ code: 0 })
  expect(heard).toEqual([1, 2].map((n) => ({ authorization: 'Bearer t1', event: n === 1 ? { n } : { n, prompt: 'p' } })))
  expect(kept()).toEqual([])
  status = 503
  expect(await say('{"n":3}')).toMatchObject({ code: 0, stdout: '' })
  await new Promise((resolve) => server.close(resolve))
  expect(await say('{"n":4}')).toMatchObject({ code: 0, stdout: '' })
  expect(kept().toSorted()).toEqual(['{"n":3}', '{"n":4}'])
})
