import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { run } from '../../util/spawn.ts'
import { Connection } from './connection.ts'
import { command, quote, shellWord } from './quote.ts'
import { decodeValue, encodeValue, sessionName } from './names.ts'

const hostile = ['$(id)', '`id`', '$HOME', '~', ';', 'a;', '\\;', '-x', '--', '#{pane_id}', '#(id)', '"', "'", '\\', '\n', '{', '}', '%if', '%%', 'é日👩‍👧', '\x1b[0m', '\t', ' ', '']
const text = fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: 'grapheme' }), fc.array(fc.constantFrom(...hostile)).map((parts) => parts.join('')))
const withoutNul = text.filter((each) => !each.includes('\0'))

describe('T30: one argument stays one argument', () => {
  let folder: string
  let connection: Connection

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'troupe-quote-'))
    const argv = ['tmux', '-u', '-f', '/dev/null', '-S', join(folder, 's'), '-C', 'new-session', '-s', 'x', 'tail', '-f', '/dev/null']
    const env = { PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8' }
    connection = new Connection({ argv, env, clock: systemClock, onNotice: () => {}, onClose: () => {} })
  })
  afterAll(async () => {
    await connection.request('kill-server').catch(() => {}) // the answer goes with the server
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  })

  it('for tmux itself', async () => {
    const file = join(folder, 'buffer')
    await fc.assert(
      fc.asyncProperty(withoutNul.filter((each) => each !== ''), async (argument) => {
        await connection.request(command('set-buffer', '-b', 'b', '--', argument), command('save-buffer', '-b', 'b', file))
        expect(readFileSync(file, 'utf8')).toBe(argument.toWellFormed())
      }),
      { numRuns: 200 },
    )
  })

  it('for the shell that writes a log', async () => {
    await fc.assert(
      fc.asyncProperty(withoutNul, async (argument) => {
        const { stdout } = await run(['/bin/sh', '-c', `printf %s ${shellWord(argument)}`])
        expect(stdout).toBe(argument.toWellFormed())
      }),
      { numRuns: 50 },
    )
  })

  it('and NUL is refused, since no terminal can take it', () => {
    expect(() => quote('a\0b')).toThrow(/NUL/)
  })
})

describe('names and values', () => {
  it('T30: a session name holds nothing that tmux or a shell reads', () => {
    fc.assert(
      fc.property(text, text, (project, agent) => {
        expect(sessionName('a-', `${project}:${agent}`)).toMatch(/^a-[\p{L}\p{N}_@+-]*$/u)
      }),
    )
    expect(sessionName('a-', 'shop:dev.1')).toBe('a-shop-dev_1')
  })

  it('a value comes back as it was, and plain ones are kept readable', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(decodeValue(encodeValue(value))).toBe(value.toWellFormed())
      }),
    )
    expect(encodeValue('/home/me/team')).toBe('/home/me/team')
    expect(encodeValue('shop:dev')).toBe('shop:dev')
    expect(encodeValue('a|b,c}#d')).toMatch(/^[a-d%0-9]+$/)
  })
})
