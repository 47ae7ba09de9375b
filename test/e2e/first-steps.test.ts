import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Person } from './person.ts'

it('the first rehearsal of a fresh team is the conversation alone, and costs nothing', async () => {
  // No agent CLI there: scripted agents stand in.
  const person = new Person({ PATH: '/usr/bin:/bin' })
  await person.ok('init', '-y')
  const root = join(person.work, '.team')
  const { messages } = await person.json<{ messages: { from: string; to: string; text: string }[] }>('-C', root, 'rehearse', '--keep')
  expect(messages.map(({ from, to }) => `${from} → ${to}`)).toEqual(['user → work:manager', 'work:manager → work:dev', 'work:dev → work:manager'])
  expect((await person.json<{ usd: string | null }[]>('-C', root, 'usage')).map(({ usd }) => usd)).toEqual(['0.00', '0.00'])
  await person.ok('-C', root, 'down', '--hard')
}, 120_000)
