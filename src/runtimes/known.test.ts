import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '../core/clock.ts'
import type { Whose } from '../core/runtime.ts'
import { claudeFiles } from './claude/files.ts'
import { findTranscript, claudeHome } from './claude/home.ts'
import { findRollout, homeOf } from './codex/home.ts'
import { geminiFiles } from './gemini/files.ts'
import { findSession } from './gemini/record.ts'
import { loadRuntime } from './index.ts'

const id = '0199a5b2-7c31-7d54-9c1e-2f4b8a6d0e13'
let home = ''
let whose: Whose

beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'troupe-known-')))
  whose = { host: { env: {}, home, isRoot: false, clock: systemClock }, folder: join(home, 'root/state/agents/p-new'), root: join(home, 'root'), address: 'p:new', rehearsal: false }
})

afterEach(() => rmSync(home, { recursive: true, force: true }))

function put(file: string, text: string): string {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

async function find(runtime: string, of: Whose = whose) {
  return await (await loadRuntime(runtime, null, 'terminal')).findConversation?.(id, of)
}

const line = (content: object) => `${JSON.stringify(content)}\n`

/** In each, where a person's own is, where another agent's of a rehearsal is, and where a launch of `whose` would look for it. */
const places = {
  'claude-code': {
    text: line({ type: 'user', cwd: '/srv/work', message: { role: 'user', content: 'hello' } }),
    empty: line({ type: 'summary' }),
    persons: (text: string) => put(join(home, '.claude/projects/-work', `${id}.jsonl`), text),
    others: (text: string) => put(join(claudeFiles(join(home, 'root/state/agents/p-old')).rehearsalHome, 'projects/-work', `${id}.jsonl`), text),
    own: async ({ folder, rehearsal }: Whose) => await findTranscript(claudeHome(home, rehearsal ? claudeFiles(folder).rehearsalHome : null), id),
  },
  codex: {
    text: line({ timestamp: '2026-11-21T15:46:13Z', type: 'session_meta', payload: { id, cwd: '/srv/work' } }),
    empty: '',
    persons: (text: string) => put(join(home, '.codex/sessions/2026/11/21', `rollout-2026-11-21T15-46-13-${id}.jsonl`), text),
    others: (text: string) => put(join(homeOf(home, { root: join(home, 'root'), address: 'p:old', rehearsal: true }).sessions, '2026/11/21', `rollout-2026-11-21T15-46-13-${id}.jsonl`), text),
    own: async ({ rehearsal }: Whose) => await findRollout(homeOf(home, { root: join(home, 'root'), address: 'p:new', rehearsal }), id),
  },
  gemini: {
    text: line({ sessionId: id, projectHash: 'x' }) + line({ type: 'gemini', content: 'hello' }),
    empty: line({ sessionId: id, projectHash: 'x' }),
    persons: (text: string) => (put(join(home, '.gemini/tmp/work/.project_root'), '/srv/work'), put(join(home, `.gemini/tmp/work/chats/session-2026-11-21T15-46-${id.slice(0, 8)}.jsonl`), text)),
    others: (text: string) => {
      const { tmp } = geminiFiles(join(home, 'root/state/agents/p-old'))
      put(join(tmp, 'work/.project_root'), '/srv/work')
      return put(join(tmp, `work/chats/session-2026-11-21T15-46-${id.slice(0, 8)}.jsonl`), text)
    },
    own: async ({ folder }: Whose) => await findSession(geminiFiles(folder).tmp, id),
  },
}

for (const [runtime, { text, empty, persons, others, own }] of Object.entries(places)) {
  it(`${runtime} finds a person's conversation with the folder it belongs to, and puts it where a launch finds it`, async () => {
    expect(await find(runtime)).toBeNull()
    persons(empty)
    expect(await find(runtime)).toBeNull()
    persons(text)
    const found = await find(runtime)
    expect(found?.cwd).toBe('/srv/work')
    expect(await find(runtime, { ...whose, rehearsal: true })).toBeNull() // it has nothing to do with the person's own
    await found?.bring()
    await found?.bring()
    expect(readFileSync((await own(whose)) ?? '', 'utf8')).toBe(text)
  })

  it(`${runtime} finds another agent's in a rehearsal, and leaves what the agent has itself`, async () => {
    const rehearsing = { ...whose, rehearsal: true }
    others(text)
    await (await find(runtime, rehearsing))?.bring()
    const there = (await own(rehearsing)) ?? ''
    expect(readFileSync(there, 'utf8')).toBe(text)
    writeFileSync(there, `${text}${line({ type: 'gemini', content: 'more' })}`)
    await (await find(runtime, rehearsing))?.bring()
    expect(readFileSync(there, 'utf8')).toContain('more')
  })
}

it('gemini puts it into the folder that the agent has for the place already, and beside one that is for another place', async () => {
  places.gemini.persons(places.gemini.text)
  const { tmp } = geminiFiles(whose.folder)
  put(join(tmp, 'work/.project_root'), '/other/work')
  await (await find('gemini'))?.bring()
  expect(await places.gemini.own(whose)).toContain('/tmp/work-1/chats/')
  expect(readFileSync(join(tmp, 'work-1/.project_root'), 'utf8')).toBe('/srv/work')
})
