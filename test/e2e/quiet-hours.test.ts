import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { chatTeam, seen } from './chat.ts'

/** So many minutes from now, as the files want it. */
function timeIn(minutes: number): string {
  return new Date(Date.now() + minutes * 60_000).toISOString().slice(11, 16)
}

it('in quiet hours mail to people waits, approvals come without a sound or wait, and a person who asks is answered; afterwards all of it comes', async () => {
  const hours = (approvals: string) => ({ from: timeIn(-60), to: timeIn(60), timezone: 'UTC', approvals })
  const { troupe, bot } = await chatTeam({ chats: '42', extra: { quiet_hours: hours('silent') } })
  const file = join(troupe.root, 'projects/p.yaml')
  const change = async (quiet: object | null): Promise<void> => {
    const project = JSON.parse(readFileSync(file, 'utf8')) as { managers: { lead: { interfaces: { telegram: Record<string, unknown> } } } }
    project.managers.lead.interfaces.telegram['quiet_hours'] = quiet
    writeFileSync(file, JSON.stringify(project))
    await troupe.ok('up')
  }
  await troupe.ok('send', 'lead', 'Say in the night')
  await troupe.ok('send', 'dev', 'Release first')
  const card = await seen(bot, '🔐 #1')
  expect(card.silent).toBe(true)
  bot.say('/who')
  await seen(bot, 'p:dev')
  // What came after it is there, and it is not.
  const waiting = async (): Promise<string[]> => (await troupe.mail()).filter(({ from, state }) => from === 'p:lead' && state.startsWith('queued')).map(({ text }) => text)
  await expect.poll(waiting, { timeout: 90_000 }).toEqual(['in the night'])
  expect(bot.shown.filter(({ text }) => text.includes('in the night'))).toEqual([])

  await change(hours('wait'))
  await troupe.ok('send', 'lead', 'Release second')
  await expect.poll(async () => (await troupe.json<object[]>('approvals')).length, { timeout: 90_000 }).toBe(2)
  bot.say('/pending')
  await seen(bot, /#2[\s\S]*second/)
  expect(bot.shown.filter(({ buttons, text }) => buttons.length > 0 && text.includes('#2'))).toEqual([])

  await change(null)
  expect((await seen(bot, 'in the night')).silent).toBe(false)
  expect((await seen(bot, /^🔐 #2/)).silent).toBe(false)
  expect(await waiting()).toEqual([])
}, 300_000)
