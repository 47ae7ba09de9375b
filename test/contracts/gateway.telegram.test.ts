import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Content, Gateway, Polled } from '../../src/core/gateway.ts'
import { loadGateway } from '../../src/gateways/index.ts'
import { TelegramServer, type Fault } from '../fixtures/telegram/server.ts'
import { gatewayContract } from './gateway.ts'

const faults: Record<string, Fault> = {
  throttled: { status: 429, description: 'Too Many Requests: retry after 3', retryAfter: 3 },
  unavailable: { status: 502, description: 'Bad Gateway' },
  refused: { status: 400, description: 'Bad Request: chat not found' },
  dropped: 'drop',
  lost: 'drop',
}

let server: TelegramServer
let gateway: Gateway
let inbound: Polled
const signal = AbortSignal.timeout(120_000)

beforeEach(async () => {
  server = await new TelegramServer().start()
  gateway = await loadGateway('telegram', { secret: server.token, url: server.root })
  inbound = gateway.inbound as Polled
})
afterEach(() => server.stop())

describe('the gateway to Telegram', () => {
  gatewayContract(() => ({
    gateway,
    secret: server.token.split(':')[1]!,
    shown: () => server.shown.map(({ chat, text, buttons, silent }) => ({ chat: String(chat), text, buttons: buttons.map((button) => button.text), silent })),
    fail: (how) => server.fail('sendMessage', faults[how]!, { after: how === 'lost' }),
    async said(text, chat) {
      server.say(text, { from: Number(chat) })
      return (await inbound.receive(0, signal))[0]!
    },
    away: () => server.stop(),
  }))

  it('gives updates again until what follows them is asked for, and then no more', async () => {
    server.say('one')
    server.say('two', { replyTo: 5, forwarded: true })
    const first = await inbound.receive(0, signal)
    expect(await inbound.receive(0, signal)).toEqual(first)
    expect(first.map(({ did }) => did)).toMatchObject([{ text: 'one', replyTo: null, forwarded: false }, { text: 'two', replyTo: '5', forwarded: true }])
    expect(server.confirmed).toBe(0)
    const waits = inbound.receive(first[1]!.position, signal)
    server.say('three')
    expect((await waits).map(({ did }) => did)).toMatchObject([{ text: 'three' }])
    expect(server.confirmed).toBe(first[1]!.position)
  })

  it('tells an asker that another one took its place, or a webhook, and the cure', async () => {
    const older = inbound.receive(0, signal)
    await expect.poll(() => server.called('getUpdates').length, { timeout: 30_000 }).toBe(1)
    const newer = inbound.receive(0, signal)
    await expect(older).rejects.toMatchObject({ code: 'conflict', hint: expect.stringContaining('end the other one') })
    server.say('x')
    await newer
    server.webhook = 'https://somewhere.example/hook'
    await expect(inbound.receive(0, signal)).rejects.toMatchObject({ code: 'conflict', hint: expect.stringContaining('deleteWebhook') })
    expect((await gateway.identify(signal)).warnings).toHaveLength(1)
  })

  it('offers its commands as a menu', async () => {
    await inbound.menu([{ name: 'status', about: 'what the agents do' }], signal)
    expect(server.calls.filter(({ method }) => method === 'setMyCommands').map(({ fields }) => fields['commands'])).toEqual([[{ command: 'status', description: 'what the agents do' }]])
  })

  it('says unauthorised for a token that the platform does not know', async () => {
    const other = await loadGateway('telegram', { secret: '1:AAwrong-wrong-wrong', url: server.root })
    await expect(other.identify(signal)).rejects.toMatchObject({ code: 'unauthorised', hint: expect.stringContaining('@BotFather') })
  })

  it('brings presses, files and voice, and knows nobody in who writes as a group', async () => {
    const send: Content = { kind: 'text', text: 'card', format: 'plain', replyTo: null, buttons: [{ label: 'Approve', data: 'secret' }] }
    await gateway.send({ id: 'i', chat: '-100', silent: false, content: send }, { done: 0, part: async () => undefined }, signal)
    const press = server.press(server.shown[0]!.id, 'Approve', { from: 7, name: 'Bob' })
    server.sendFile('photo', Buffer.from('picture'), { caption: 'look' })
    server.sendFile('voice', Buffer.from('sound'))
    const document = server.sendFile('document', Buffer.from('data'), { name: '../../etc/passwd' })
    const [pressed, photo, voice, file] = await inbound.receive(0, signal)
    expect(pressed).toMatchObject({ chat: { id: '-100', kind: 'group' }, user: { id: '7', name: 'Bob' }, did: { kind: 'press', press, data: 'secret', message: String(server.shown[0]!.id) } })
    expect(photo).toMatchObject({ did: { kind: 'file', caption: 'look', file: { name: expect.stringMatching(/\.jpg$/) } } })
    expect(voice).toMatchObject({ did: { kind: 'file', file: { name: expect.stringMatching(/\.ogg$/) } } })
    expect(file).toMatchObject({ did: { kind: 'file', message: String(document), file: { name: '../../etc/passwd', bytes: 4 } } })
    const { ref } = (file!.did as { file: { ref: string } }).file
    expect(Buffer.from(await inbound.download(ref, 4, signal)).toString()).toBe('data')
    await expect(inbound.download(ref, 3, signal)).rejects.toMatchObject({ code: 'too_large' })
    await expect(inbound.download('nothing', 3, signal)).rejects.toMatchObject({ code: 'failed' })
    await inbound.answer(press, 'done', true, signal)
    expect(server.answers).toEqual([{ press, text: 'done', alert: true }])
    server.fail('answerCallbackQuery', { status: 400, description: 'Bad Request: query is too old and response timeout expired or query ID is invalid' })
    await inbound.answer(press, 'done', true, signal)
  })

  it('shows what agents write as they mean it, cut within the platform’s limits', async () => {
    const send = async (content: Content) => await gateway.send({ id: 'i', chat: '42', silent: false, content }, { done: 0, part: async () => undefined }, signal)
    const text = `# Report\n- **done**: \`a_b*c\`\n\`\`\`ts\n${'const x = 1 // *no*\n'.repeat(400)}\`\`\`\n**unclosed and _fine_ snake_case_name`
    await send({ kind: 'text', text, format: 'markdown', replyTo: '9', buttons: [] })
    expect(server.shown.length).toBeGreaterThan(1)
    expect(server.shown.map(({ replyTo }) => replyTo)).toEqual([9, ...server.shown.slice(1).map(() => null)])
    const [first] = server.shown
    expect(first!.text).toMatch(/^Report\n• done: a_b\*c\nconst x/)
    expect(first!.entities.map(({ type }) => type)).toEqual(['bold', 'bold', 'code', 'pre'])
    expect(server.shown.at(-1)!.text).toContain('**unclosed and fine snake_case_name')
  })

  it('carries files of ours, files elsewhere, long captions, reactions and edits', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-telegram-'))
    try {
      const path = join(folder, 'x')
      writeFileSync(path, 'the bytes')
      const sent: string[] = []
      const send = async (content: Content) => await gateway.send({ id: 'i', chat: '42', silent: false, content }, { done: 0, part: async (id) => void sent.push(id) }, signal)
      await send({ kind: 'file', as: 'file', source: { path, name: 'häß "lich"\r\n.txt' }, caption: `**b** ${'long '.repeat(300)}`, replyTo: null })
      expect(server.called('sendDocument')).toHaveLength(1)
      expect((server.shown[0]!.file as { bytes: Buffer }).bytes.toString()).toBe('the bytes')
      expect(server.shown.map(({ text }) => text).join('')).toContain(`b ${'long '.repeat(300)}`.trimEnd())
      expect(sent).toHaveLength(2)
      await send({ kind: 'file', as: 'image', source: { url: 'https://x.example/y.png' }, caption: '', replyTo: null })
      expect(server.called('sendPhoto')).toMatchObject([{ photo: 'https://x.example/y.png' }])
      server.fail('sendPhoto', { status: 400, description: 'Bad Request: PHOTO_INVALID_DIMENSIONS' })
      await send({ kind: 'file', as: 'image', source: { path, name: 'y.png' }, caption: '', replyTo: null })
      expect(server.called('sendDocument')).toHaveLength(2)
      await expect(send({ kind: 'file', as: 'file', source: { path: join(folder, 'gone'), name: 'y' }, caption: '', replyTo: null })).rejects.toMatchObject({ code: 'failed' })
      await send({ kind: 'reaction', message: '77', emoji: '👍' })
      expect(server.reactions).toEqual([{ chat: 42, message: 77, emoji: '👍' }])
      const { id } = server.shown[0]!
      for (let twice = 0; twice < 2; twice += 1) await send({ kind: 'edit', message: String(id), text: 'now this' })
      expect(server.shown[0]).toMatchObject({ text: 'now this', buttons: [] })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
  it.runIf(existsSync('/proc/self/fd'))('keeps no file open that the platform refused before it had read it: each attempt would keep one more', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-telegram-'))
    const refusal = JSON.stringify({ ok: false, error_code: 429, description: 'Too Many Requests', parameters: { retry_after: 3 } })
    const early = createServer((socket) => {
      socket.on('error', () => undefined).once('data', () => socket.end(`HTTP/1.1 429 x\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${refusal.length}\r\n\r\n${refusal}`))
    })
    try {
      const path = join(folder, 'large.png')
      writeFileSync(path, Buffer.alloc(5_000_000))
      await new Promise<void>((resolve) => early.listen(0, '127.0.0.1', resolve))
      const hurried = await loadGateway('telegram', { secret: server.token, url: `http://127.0.0.1:${(early.address() as AddressInfo).port}` })
      for (const as of ['file', 'image'] as const) {
        const content: Content = { kind: 'file', as, source: { path, name: 'large.png' }, caption: '', replyTo: null }
        await expect(hurried.send({ id: 'i', chat: '42', silent: false, content }, { done: 0, part: async () => undefined }, signal)).rejects.toMatchObject({ code: expect.stringMatching(/throttled|unavailable/) })
      }
      const open = () => readdirSync('/proc/self/fd').filter((fd) => linkOf(`/proc/self/fd/${fd}`) === path)
      await expect.poll(open, { timeout: 30_000 }).toEqual([])
    } finally {
      early.close()
      rmSync(folder, { recursive: true })
    }
  })
})

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return '' // closed meanwhile
  }
}
