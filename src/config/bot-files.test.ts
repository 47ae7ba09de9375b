import { expect, test } from 'vitest'
import { botNames, withBot, withValues } from './bot-files.ts'
import { parseDotenv } from './dotenv.ts'

test('.env keeps its other lines, and each value stands once', () => {
  const before = '# mine\nexport OTHER="x y"\nBOT = old\n\nLAST=1\n'
  const after = withValues(before, { BOT: '1:new', CHATS: '42' })
  expect(after).toBe('# mine\nexport OTHER="x y"\nBOT=1:new\n\nLAST=1\nCHATS=42\n')
  expect(withValues(after, { BOT: '1:new', CHATS: '42' })).toBe(after)
  expect(parseDotenv(withValues('', { BOT: '1:new' }))).toEqual({ BOT: '1:new' })
  // Of two lines the last counts: the old token must not.
  expect(parseDotenv(withValues('BOT=old\nexport BOT=older\n', { BOT: '1:new' }))).toEqual({ BOT: '1:new' })
})

test('a project file keeps its comments', () => {
  const before = '# top\nmanagers:\n  lead: # the boss\n    can_dm: [dev] # only\nworkers: {}\n'
  const after = withBot(before, 'lead', { token: 'T', chats: 'C' })
  expect(after).toBe('# top\nmanagers:\n  lead:\n    # the boss\n    can_dm: [ dev ] # only\n    interfaces:\n      telegram:\n        bot_token_env: T\n        chat_ids_env: C\nworkers: {}\n')
  expect(() => withBot('managers: {lead: }', 'lead', { token: 'T', chats: 'C' })).toThrow(expect.objectContaining({ code: 'config' }))
})

test('two projects with a manager of one name have bots of their own', () => {
  expect(botNames('a-b', 'lead')).toEqual({ token: 'TEAMCTL_TG_A_B_LEAD_TOKEN', chats: 'TEAMCTL_TG_A_B_LEAD_CHATS' })
})
