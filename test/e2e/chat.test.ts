import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { chatTeam, expectNoToken, seen } from './chat.ts'
import { patiently } from './troupe.ts'

interface Approval { n: number; status: string; decidedBy: string | null }

it('a day in the chat: mail in, a card, a verdict by its person, an answer, commands; and no token anywhere', async () => {
  const { troupe, bot } = await chatTeam()
  const said = bot.say('Release one', { name: 'Ann <b>' })
  expect(await seen(bot, '→ p:lead #1')).toMatchObject({ replyTo: said, silent: true })
  const card = await seen(bot, '🔐 #1  p:lead')
  expect(card).toMatchObject({ text: expect.stringContaining('it says: one'), buttons: [{ text: '✅ Approve' }, { text: '❌ Deny' }] })
  const inGroup = await seen(bot, '🔐 #1', -100)
  const press = bot.press(card.id, 'Approve')
  await vi.waitFor(() => expect(bot.answers).toContainEqual({ press, text: '#1 approved', alert: false }), patiently)
  for (const each of [card, inGroup]) await vi.waitFor(() => expect(each).toMatchObject({ text: expect.stringContaining('✅ Approved by telegram:42 (Ann)'), buttons: [] }), patiently)
  expect((await troupe.json<Approval[]>('approvals', '--all'))[0]).toMatchObject({ n: 1, decidedBy: 'telegram:42 (Ann)' })
  expect(await seen(bot, 'That was one.')).toMatchObject({ text: expect.stringMatching(/^That was one\.\n\n— p:lead #\d+$/), entities: [{ type: 'bold', offset: 9, length: 3 }] })
  expect((await troupe.mail()).map(({ from, to, state }) => `${from} ${to} ${state}`)).toContainEqual('p:lead user:telegram sent')
  const events = await troupe.events()
  expect(events.find(({ type }) => type === 'message.sent')?.data).toMatchObject({ chat: '42', user: '42' })
  expect(events.find(({ type }) => type === 'approval.approved')?.data).toMatchObject({ by: 'telegram:42 (Ann)', via: 'chat' })

  bot.say('/status')
  await seen(bot, /p:lead: (idle|busy)[\s\S]*p:dev: [\s\S]*Nothing waits for you\./)
  bot.say('/dm dev Release two')
  await seen(bot, '→ p:dev')
  const second = await seen(bot, '🔐 #2  p:dev')
  bot.say('/pending')
  await seen(bot, '/approve 2   /deny 2')
  await troupe.ok('deny', '2', '--note', 'not *now*')
  await vi.waitFor(() => expect(second).toMatchObject({ text: expect.stringMatching(/❌ Denied by user\nnote: not \*now\*$/), buttons: [] }), patiently)
  bot.say('/approve 2')
  await seen(bot, 'approval 2 was denied already, by user')
  bot.say('/cost')
  await seen(bot, /in, .* out|No tokens/)
  bot.say('/nothing')
  await seen(bot, 'There is no command /nothing')
  bot.sendFile('document', Buffer.from('the plan'), { caption: 'Read this', name: '../../plan.txt' })
  const mail = await vi.waitFor(async () => {
    const found = (await troupe.json<{ text: string; attachments: { name: string; bytes: number }[] }[]>('mail', '--all')).find(({ text }) => text.startsWith('Read this'))
    if (found === undefined) throw new Error('no mail with the file yet')
    return found
  }, patiently)
  expect(mail.attachments).toMatchObject([{ bytes: 8, name: expect.stringMatching(/plan\.txt$/) }])
  const kept = readdirSync(join(troupe.root, 'state', 'attachments'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  expect(kept.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))).toContain('the plan')

  bot.say('/pause')
  await seen(bot, 'Held: p:lead, p:dev.')
  expect(await troupe.agent('lead')).toMatchObject({ phase: 'parked', detail: 'held by telegram:42 (Ann)' })
  bot.say('Say later')
  await seen(bot, /→ p:lead #\d+ \(it is parked: held by telegram:42/)
  bot.say('/resume')
  await seen(bot, 'They go on: p:lead, p:dev.')
  await seen(bot, /^later/)
  bot.say('/stop dev')
  const question = await seen(bot, 'Stop p:dev?')
  expect((await troupe.agent('dev')).phase).not.toBe('stopped')
  bot.press(question.id, 'Stop')
  await vi.waitFor(() => expect(question).toMatchObject({ text: 'Stopped by telegram:42 (Ann): p:dev.', buttons: [] }), patiently)
  expect(await troupe.agent('dev')).toMatchObject({ phase: 'stopped' })
  await expectNoToken(troupe, bot)
}, 300_000)
