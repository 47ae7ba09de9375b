import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { noHitl } from '../../core/limits.ts'
import type { PermissionMode } from '../../core/team.ts'
import { classify, classifyRetry, isAborted } from './failure.ts'
import { opencodeFiles, prepareFolder, readDoor, writeDoor } from './files.ts'
import { asksItself, permissions, permissionsAlone } from './permissions.ts'
import { hasCredentials } from './program.ts'
import { lookInto } from './strange.ts'
import { toolCall } from './tool-call.ts'

let folder: string
beforeEach(() => (folder = realpathSync(mkdtempSync(join(tmpdir(), 'troupe-opencode-')))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const now = Date.UTC(2026, 10, 21, 14, 30)
const api = (statusCode: number, message: string, more: object = {}) => ({ name: 'APIError', data: { message, statusCode, isRetryable: false, ...more } })

describe('a failed turn', () => {
  it.each([
    [api(401, 'bad key'), { class: 'auth', until: null }],
    [{ name: 'ProviderAuthError', data: { providerID: 'x', message: 'no key' } }, { class: 'auth' }],
    [api(402, 'Insufficient credits'), { class: 'quota', until: null }],
    [api(429, 'You exceeded your current quota, please check your plan'), { class: 'quota', until: null }],
    [api(429, 'usage limit reached, try again in 2h'), { class: 'quota', until: now + 7_200_000 }],
    [api(500, 'oops'), { class: 'transient', until: null }],
    [api(404, 'model not found: x'), { class: 'config' }],
    [{ name: 'ContextOverflowError', data: { message: 'too long' } }, { class: 'config' }],
  ])('%j', (error, failure) => expect(classify(error, now)).toMatchObject(failure))

  it('that nothing is known to help with is none of these, nor is an interrupt', () => {
    expect(classify({ name: 'UnknownError', data: { message: 'odd' } }, now)).toBeNull()
    expect(classify(api(400, 'odd'), now)).toBeNull()
    expect(isAborted({ name: 'MessageAbortedError', data: { message: 'Aborted' } })).toBe(true)
    expect(isAborted(api(500, 'Aborted'))).toBe(false)
  })

  it('is tried again for a while, and not for hours', () => {
    expect(classifyRetry({ attempt: 1, message: 'slow down', next: now + 5_000 }, now)).toBeNull()
    expect(classifyRetry({ attempt: 10, message: 'slow down', next: now + 5_000 }, now)).toMatchObject({ class: 'transient' })
    expect(classifyRetry({ attempt: 1, message: 'slow down', next: now + 3_600_000 }, now)).toMatchObject({ class: 'quota', until: now + 3_600_000 })
    expect(classifyRetry({ attempt: 1, message: 'You have hit your usage limit', next: now + 5_000 }, now)).toMatchObject({ class: 'quota', until: null })
  })
})

describe('permissions', () => {
  const hitl = { ...noHitl, globallySensitiveActions: ['publish'] }
  const of = (mode: PermissionMode) => permissions(mode, hitl)

  it('of each mode are one row of a table, the team’s own tools allowed last', () => {
    expect(of('plan')).toMatchObject({ '*': 'ask', edit: 'deny', bash: { '*': 'ask' } })
    expect(of('manual')).toMatchObject({ edit: 'ask', read: 'allow', external_directory: 'ask' })
    expect(of('auto')).toMatchObject({ edit: 'allow', bash: { '*': 'ask' } })
    expect(of('bypass')).toMatchObject({ '*': 'allow' })
    for (const mode of ['plan', 'confirm', 'manual', 'auto', 'bypass'] as const) expect(Object.entries(of(mode)).at(-1)).toEqual(['team_*', 'allow'])
    expect([asksItself('manual').includes('write'), asksItself('auto'), asksItself('bypass')]).toEqual([true, ['bash'], []])
  })

  it('where nobody can be asked are the gate’s to give, and only then', () => {
    expect(permissionsAlone('auto')).toMatchObject({ passes: expect.arrayContaining(['read', 'write']) as string[], permission: { '*': 'allow', external_directory: 'deny' } })
    expect(permissionsAlone('auto').passes).not.toContain('bash')
    expect(permissionsAlone('manual').passes).not.toContain('write')
    expect(permissionsAlone('plan').permission).toMatchObject({ edit: 'deny' })
    expect(permissionsAlone('bypass').passes).toBeNull()
  })

  it('ask for sensitive commands in every mode, should the gate fail', () => {
    const { bash } = of('bypass')
    expect(bash).toMatchObject({ '*': 'allow', 'git push': 'ask', 'git push *': 'ask' })
    expect(Object.keys(bash as object)[0]).toBe('*')
  })
})

describe('a tool call', () => {
  const call = (tool: string, input: object, session = 'ses_1') => toolCall({ tool_name: tool, tool_input: input, cwd: '/w', session_id: session }, 'ses_1')

  it('is seen for what it does', () => {
    expect(call('bash', { command: 'ls', description: 'looks', timeout: 1 })).toMatchObject({ kind: 'shell', command: 'ls', input: { command: 'ls' }, cwd: '/w' })
    expect(call('bash', { command: 'ls', workdir: '../other' })?.cwd).toBe('/other')
    expect(call('write', { filePath: '/w/a', content: '' })).toMatchObject({ kind: 'edit', paths: ['/w/a'] })
    expect(call('apply_patch', { patchText: '*** Begin Patch\n*** Update File: a.txt\n*** Move to: /etc/b\n*** End Patch' })?.paths).toEqual(['a.txt', '/etc/b'])
    expect(['read', 'webfetch', 'todowrite', 'team_dm', 'other_tool'].map((tool) => call(tool, {})?.kind)).toEqual(['read', 'fetch', 'own', 'team', 'other'])
    expect(call('teamx', {})?.kind).toBe('other')
  })

  it('that begins a subagent says whether it is one’s own', () => {
    expect(call('task', {})?.spawns).toEqual({ nested: false })
    expect(call('task', {}, 'ses_2')?.spawns).toEqual({ nested: true })
    expect(toolCall({ tool_name: 'bash' }, null)).toBeNull()
  })
})

describe('what is kept on disk', () => {
  it('is the door of one incarnation, for nobody else to read, and nothing of another', () => {
    const files = opencodeFiles(folder)
    prepareFolder(files)
    expect(readDoor(files, 'a')).toBeNull()
    writeDoor(files, { incarnation: 'a', port: 4, password: 'p', model: 'x/y', session: null })
    expect(readDoor(files, 'a')).toEqual({ incarnation: 'a', port: 4, password: 'p', model: 'x/y', session: null })
    expect(readDoor(files, 'b')).toBeNull()
    writeFileSync(files.door, '{"incarnation":"a","po')
    expect(readDoor(files, 'a')).toBeNull()
  })

  it('shows whether there is something to log in with', async () => {
    expect(await hasCredentials({ env: {}, home: folder })).toBe(false)
    expect(await hasCredentials({ env: { OPENAI_API_KEY: 'k' }, home: folder })).toBe(true)
    mkdirSync(join(folder, 'data', 'opencode'), { recursive: true })
    writeFileSync(join(folder, 'data', 'opencode', 'auth.json'), '{"openai":{"type":"api","key":"k"}}')
    expect(await hasCredentials({ env: { XDG_DATA_HOME: join(folder, 'data') }, home: '/nowhere' })).toBe(true)
  })

  it('in a strange folder is found, and said not to count', async () => {
    mkdirSync(join(folder, '.opencode', 'plugin'), { recursive: true })
    writeFileSync(join(folder, 'opencode.json'), '{"plugin":["./evil.js"],"mcp":{}}')
    expect(await lookInto(folder)).toEqual([
      { file: join(folder, 'opencode.json'), what: 'is a configuration of OpenCode (plugin, mcp), which never counts' },
      { file: join(folder, '.opencode'), what: 'has parts for OpenCode (plugin), which never count' },
    ])
    expect(await lookInto('/nowhere')).toEqual([])
  })
})
