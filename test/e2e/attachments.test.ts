import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { ask, toolCall } from '../fixtures/ask.ts'
import { liveDaemon, type LiveDaemon } from '../fixtures/live-daemon.ts'
import { patiently, team, Troupe } from './troupe.ts'

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
const hashOf = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex')

let live: LiveDaemon
let outside: string
let open = false

/** A daemon whose agents work in its root; `outside` lies nowhere that they may attach from. */
async function begin(files: object = {}, more: { names?: string[]; each?: object } = {}): Promise<void> {
  live = await liveDaemon({ files: { allowed_roots: [], ...files }, names: ['ada', 'bob', 'eve'], limits: { requests_per_second: 1_000 }, ...more })
  open = true
  const folder = mkdtempSync(join(tmpdir(), 'attach-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  outside = folder
}

async function end(): Promise<void> {
  if (!open) return
  open = false
  expect(live.reports).toEqual([])
  await live.close()
}

afterEach(end)

const put = (name: string, content: string | Uint8Array, folder = live.root): string => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

interface Answered {
  status: number
  text: string
  path: string | null
  image: unknown
  messages: { taint: string[]; attachments: unknown[] }[]
  events: { type: string }[]
  error: { message: string; hint: string }
}

async function call(who: string, operation: string, body: unknown): Promise<Answered> {
  const token = who === 'operator' ? live.operatorToken : live.agents[who]?.token ?? ''
  const { status, text } = await ask(live.url, `/api/v1/${operation}`, { token, body })
  return { ...(JSON.parse(text) as Answered), status }
}

const dm = (attachments: string[], text = 'look', from = 'ada') => call(from, 'dm', { to: 'bob', text, attachments })
const kept = () => readdirSync(join(live.root, 'state', 'attachments'))
const read = (who: string, id: number) => call(who, 'read_attachment', { id })

describe('files that come with messages', () => {
  it('are copied once, listed with the message, and read by its sender and recipients only', async () => {
    await begin()
    const file = put('notes.txt', 'the words\n')
    expect(await dm([file, 'notes.txt'])).toMatchObject({ status: 200, id: 1 })
    rmSync(file)
    expect(kept()).toEqual([hashOf('the words\n')])
    expect(statSync(join(live.root, 'state', 'attachments', kept()[0] ?? '')).mode & 0o777).toBe(0o600)
    const { messages } = await call('bob', 'inbox_peek', {})
    expect(messages[0]?.attachments).toEqual([1, 2].map((id) => ({ id, name: 'notes.txt', mime: 'text/plain', bytes: 10 })))
    for (const who of ['bob', 'ada']) {
      const { text, path, image } = await read(who, 1)
      expect([path, image]).toEqual([null, null])
      expect(text).toMatch(/^\[attachment #1 "notes.txt" \(text\/plain, 10 bytes\) · of mail #1 · from p:ada · trust peer\]\n<<<([0-9a-f]{12})\nthe words\n\n\1>>>$/)
    }
    const [theirs, none] = [await read('eve', 1), await read('eve', 99)]
    expect(theirs).toMatchObject({ status: 404, error: { code: 'unknown', message: 'there is no attachment 1 in your mail' } })
    expect({ ...theirs, error: { ...theirs.error, message: '', facts: {} } }).toEqual({ ...none, error: { ...none.error, message: '', facts: {} } })
    const [row] = await call('operator', 'mail', {}).then((rows) => Object.values(rows))
    expect(row).toMatchObject({ attachments: [{ id: 1 }, { id: 2 }] })
    expect(await call('operator', 'attachment.get', { id: 2 })).toMatchObject({ name: 'notes.txt', sha256: hashOf('the words\n'), from: 'p:ada', message: 1 })
    expect(await call('ada', 'attachment.get', { id: 2 })).toMatchObject({ status: 403 })
  })

  it('are shown as pictures where the agent sees them, as a copy of its own where they are neither', async () => {
    await begin()
    await dm([put('dot.png', png), put('a b;$(x).bin', Buffer.from([1, 0, 2])), put('cut off.png', png.subarray(0, 40))])
    const { text } = await ask(live.url, '/mcp', { token: live.agents['bob']?.token ?? '', body: toolCall('read_attachment', { id: 1 }) })
    expect(JSON.parse(text).result.content).toEqual([
      { type: 'text', text: '[attachment #1 "dot.png" (image/png, 70 bytes) · of mail #1 · from p:ada · trust peer]' },
      { type: 'image', mimeType: 'image/png', data: png.toString('base64') },
    ])
    const { path } = await read('bob', 2)
    expect(path).toBe(join(live.root, 'state', 'agents', 'p-bob', 'attachments', '2-a_b_x_.bin'))
    expect([readFileSync(path ?? ''), statSync(path ?? '').mode & 0o777]).toEqual([Buffer.from([1, 0, 2]), 0o600])
    // A provider would refuse it, and all that is said after it.
    expect(await read('bob', 3)).toMatchObject({ image: null, path: expect.stringContaining('3-cut_off.png') as string })
  })

  it('that were changed on the disk are not passed on', async () => {
    await begin()
    await dm([put('a.txt', 'words')])
    writeFileSync(join(live.root, 'state', 'attachments', hashOf('words')), 'other')
    expect(await read('bob', 1)).toMatchObject({ status: 500, error: { code: 'failed', message: expect.stringContaining('is not what was kept') as string } })
    rmSync(join(live.root, 'state', 'attachments', hashOf('words')))
    expect(await read('bob', 1)).toMatchObject({ error: { code: 'failed', message: expect.stringContaining('gone') as string } })
  })

  it('are part of what a key stands for', async () => {
    await begin()
    const [one, two] = [put('1.txt', 'one'), put('2.txt', 'two')]
    const send = (attachments: string[]) => call('ada', 'dm', { to: 'bob', text: 'x', key: 'k', attachments })
    expect(await send([one])).toMatchObject({ id: 1 })
    expect(await send([one])).toMatchObject({ id: 1 })
    expect(await send([two])).toMatchObject({ error: { code: 'conflict' } })
    expect(kept()).toEqual([hashOf('one')])
  })

  it('keep their taint when somebody else sends the same content on', async () => {
    await begin()
    await dm([put('a.txt', 'from outside')])
    // As if the message had come over a bridge.
    const database = new DatabaseSync(join(live.root, 'state', 'mailbox.db'))
    database.exec("update messages set taint = 'bridge:7' where n = 1")
    database.close()
    await call('eve', 'dm', { to: 'bob', text: 'mine', attachments: [put('b.txt', 'from outside')] })
    await call('eve', 'dm', { to: 'bob', text: 'mine', attachments: [put('c.txt', 'my own')] })
    const { messages } = await call('bob', 'inbox_peek', {})
    expect(messages.map(({ taint }) => taint)).toEqual([['bridge:7'], ['bridge:7'], []])
  })
})

describe('what agents may attach', () => {
  it('lies below their own folders, wherever links lead, and is no secret of the team', async () => {
    await begin()
    const secret = put('secret', 'x', outside)
    symlinkSync(secret, join(live.root, 'link'))
    symlinkSync(outside, join(live.root, 'folder'))
    put('.env', 'TOKEN=1')
    linkSync(join(live.root, '.env'), join(live.root, 'innocent'))
    const own = join(live.root, 'state', 'agents', 'p-ada')
    mkdirSync(own, { recursive: true })
    expect(await dm([put('context.md', 'mine', own)])).toMatchObject({ status: 200 })
    const before = kept()
    for (const path of [secret, 'link', 'folder/secret', '../../../../etc/hostname', join(live.root, 'state', 'run', 'operator.token'), '.env', 'state/mailbox.db', '/proc/self/environ']) {
      const refused = await dm([path])
      expect(refused, path).toMatchObject({ status: 403, error: { code: 'denied', facts: { rule: 'attachments.allowed_roots' } } })
      expect(refused.error.hint).toMatch(/^attachments\.allowed_roots \(team-compose\.yaml:1\) decides/)
    }
    expect(kept()).toEqual(before)
    const refusals = (await call('operator', 'events', {})).events.filter(({ type }) => type === 'attachment.refused')
    expect(refusals).toHaveLength(8)
    expect(refusals[0]).toMatchObject({ agent: 'p:ada', data: { rule: 'attachments.allowed_roots' } })
  })

  it('is a regular file that can be read; nothing else is waited for', async () => {
    await begin()
    execFileSync('mkfifo', [join(live.root, 'fifo')])
    for (const [path, why] of [['fifo', 'is not a regular file'], ['.', 'is not a regular file'], ['none', 'is not there'], ['/dev/zero', 'is not a regular file']] as const) {
      expect(await dm([path])).toMatchObject({ status: 400, error: { message: expect.stringContaining(why) as string } })
    }
    expect(kept()).toEqual([])
  })

  it('may come from folders that the team names; operators attach from anywhere', async () => {
    await begin({ allowed_roots: [tmpdir()] })
    const file = put('x.txt', 'x', outside)
    expect(await dm([file])).toMatchObject({ status: 200 })
    expect(await call('operator', 'send', { to: 'bob', text: 'x', attachments: ['/etc/hostname'] })).toMatchObject({ status: 200 })
    expect(await call('operator', 'send', { to: 'bob', text: 'x', attachments: ['relative'] })).toMatchObject({ status: 400 })
  })

  it('has a largest size, a largest number and a largest sum; what is refused leaves nothing', async () => {
    await begin({ max_size_bytes: 10, max_total_bytes: 15 })
    expect(await dm([put('a', '0123456789')])).toMatchObject({ status: 200 })
    expect(await dm([put('b', '01234567890')])).toMatchObject({ status: 413, error: { facts: { rule: 'attachments.max_size_bytes', limit: 10 } } })
    expect(await dm([put('c', 'abcdef')])).toMatchObject({ status: 413, error: { facts: { rule: 'attachments.max_total_bytes' } } })
    expect(await dm([put('d', 'abcde'), put('e', '01234567890')])).toMatchObject({ status: 413 })
    expect(await dm(Array.from({ length: 11 }, () => 'a'))).toMatchObject({ status: 400 })
    expect(kept()).toEqual([hashOf('0123456789')])
    expect(await call('operator', 'send', { to: 'bob', text: 'x', attachments: [join(live.root, 'c')] })).toMatchObject({ status: 200 })
  })

  it('is nothing where the team says so, and nothing is copied for a message that may not be sent', async () => {
    await begin({}, { each: { can_dm: [], can_broadcast: [] } })
    expect(await dm([put('a', 'a')])).toMatchObject({ status: 403, error: { message: expect.stringContaining('may not write to') as string } })
    expect(kept()).toEqual([])
    await end()
    await begin({ enabled: false })
    expect(await dm([put('a', 'a')])).toMatchObject({ status: 403, error: { facts: { rule: 'attachments.enabled' } } })
    expect(kept()).toEqual([])
  })
})

describe('the scanner', () => {
  const script = (text: string): string => {
    const folder = mkdtempSync(join(tmpdir(), 'scan-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'scan')
    writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o700 })
    return file
  }

  it('gets the copy by its path, as the last argument and not through a shell, and keeps out what it says no to', async () => {
    const audit = join(mkdtempSync(join(tmpdir(), 'audit-')), 'log')
    onTestFinished(() => rmSync(join(audit, '..'), { recursive: true }))
    await begin({ scanner: { command: `${script('[ $# = 3 ] || exit 9\n[ -z "$SECRET" ] || exit 8\nif grep -q virus "$3"; then echo "found \\033[2J $1 $2"; exit 1; fi')}  --mode $HOME;x` }, audit_log_path: audit })
    expect(await dm([put('fine', 'fine')])).toMatchObject({ status: 200 })
    const refused = await dm([put('bad', 'a virus')])
    expect(refused).toMatchObject({ status: 403, error: { message: 'the scanner said no (exit code 1): found \\x1b[2J --mode $HOME;x', facts: { rule: 'attachments.scanner' } } })
    expect(kept()).toEqual([hashOf('fine')])
    const lines = readFileSync(audit, 'utf8').trim().split('\n').map((line) => JSON.parse(line))
    expect(lines).toMatchObject([{ by: 'p:ada', name: 'fine', verdict: 'kept', sha256: hashOf('fine') }, { name: 'bad', verdict: 'refused', rule: 'attachments.scanner' }])
    expect(statSync(audit).mode & 0o777).toBe(0o600)
  })

  it.each([
    ['that hangs', () => script('sleep 600'), /took longer than 0.2 s/],
    ['that is not there', () => '/nowhere/scan', /cannot be run/],
  ])('%s lets nothing in', async (_what, command, why) => {
    await begin({ scanner: { command: command(), timeout_seconds: 0.2 } })
    const refused = await dm([put('a', 'a')])
    expect(refused).toMatchObject({ status: 403, error: { facts: { rule: 'attachments.scanner' } } })
    expect(refused.error.message).toMatch(why)
    expect(kept()).toEqual([])
  })
})

it('by the command line: sent, shown, read by an agent, taken out', async () => {
  const reads = [{ when: '/read_attachment with id (\\d+)/', do: [{ tool: 'read_attachment', args: { id: '{1}' } }, { text: 'read' }] }]
  const troupe = new Troupe(team({ dev: {} }, { scenario: { dev: reads } }))
  writeFileSync(join(troupe.folder, 'shot one.png'), png)
  await troupe.ok('up')
  await troupe.ok('send', 'dev', '--attach', 'shot one.png', '--attach', '/etc/hostname', 'what is this?')
  expect(await troupe.ok('mail')).toMatch(/\[file 1\] \[file 2\] what is this\?/)
  expect(await troupe.ok('explain', 'message', '1')).toContain('attachment 1: shot one.png (image/png, 70 bytes)')
  await vi.waitFor(async () => expect((await troupe.mail())[0]?.state).toMatch(/^(delivered|acked)/), patiently)
  expect(await troupe.ok('attachment', 'get', '1')).toMatch(/→ .*shot_one\.png$/m)
  expect(readFileSync(join(troupe.folder, 'shot_one.png'))).toEqual(png)
  expect(await troupe.run('attachment', 'get', '1')).toMatchObject({ code: 2, stderr: expect.stringContaining('is there already') as string })
  expect((await troupe.run('attachment', 'get', '9')).code).toBe(4)
  expect((await troupe.run('send', 'dev', 'x', '--attach', 'none')).code).toBe(2)
}, 120_000)

it('a picture stands beside the words of its message where the agent takes it so; one that is gone holds no mail up, and is told of', async () => {
  const agent = fileURLToPath(new URL('../fixtures/acp-agent.mjs', import.meta.url))
  const troupe = new Troupe(team({ dev: { runtime: 'acp', mode: 'protocol', args: [agent, '--pictures'] } }))
  writeFileSync(join(troupe.folder, 'shot.png'), png)
  writeFileSync(join(troupe.folder, 'other.png'), png.subarray(0, 50))
  await troupe.ok('up')
  await troupe.ok('send', 'dev', '--attach', 'shot.png', '--attach', 'other.png', 'what is this?')
  const said = `saw image/png ${png.toString('base64')}`.slice(0, 60)
  await vi.waitFor(async () => expect((await troupe.ok('logs', 'dev')).replaceAll(/\s/g, '')).toContain(said.replaceAll(/\s/g, '')), patiently)
  await vi.waitFor(async () => expect((await troupe.mail())[0]?.state).toMatch(/^(delivered|acked)/), patiently)
  expect(await troupe.ok('tail', '--lines', '100')).toMatch(/mail #1 came without its picture 2: .*damaged or cut off/)
}, 120_000)
