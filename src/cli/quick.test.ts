import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse } from './program.ts'
import { quick } from './quick.ts'

const words = ['ps', 'status', 'send', 'dev', 'logs', 'up', 'mail', 'restart', 'config', 'x', '-', 'daemon', 'complete']
const flags = ['-T', 'shop', '-v', '--watch', '-w', '--json', '-q', '-C', '/team', '--root', '--fresh', '--timeout', '5s', '-n', '7', '--all', '-f', '--no-color', '--key', '--', '-h', '--json=1', '-wv']

async function slow(argv: string[]) {
  const request = await parse(argv, { version: '1', write: () => undefined, writeError: () => undefined, columns: 80 }).catch(() => null)
  return request?.do === 'run' ? request : null
}

test('what the quick way reads, the library reads the same', async () => {
  const names = ['agent', 'agents', 'text', 'root', 'json', 'quiet', 'verbose', 'watch', 'fresh', 'timeout', 'lines', 'limit', 'all', 'follow', 'key', 'words', 'shell']
  let read = 0
  const word = fc.oneof(fc.constantFrom(...words), fc.constantFrom(...flags))
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...words), fc.array(word, { maxLength: 6 }), fc.nat(2), async (first, more, at) => {
      const argv = [...more.slice(0, at), first, ...more.slice(at)]
      const found = quick(argv)
      if (found === null) return
      read += 1
      const other = await slow(argv)
      expect(other?.run, argv.join(' ')).toBe(found.run)
      for (const name of names) {
        const of = (given: typeof found.given | undefined) => [given?.text(name), given?.words(name), given?.flag(name)]
        expect(of(found.given), `${name} of ${argv.join(' ')}`).toEqual(of(other?.given))
      }
    }),
    { numRuns: 2000 },
  )
  expect(read).toBeGreaterThan(100)
})

test('what is plain is read the quick way, what is not is left alone', () => {
  for (const line of ['ps', 'status --json', '-C /team ps -v', '-T shop stop', 'send dev run tests', 'logs -f dev']) expect(quick(line.split(' ')), line).not.toBeNull()
  for (const line of ['--help', 'ps --help', 'pss', 'ps --wacth', 'kill', 'usage extra', 'send -- dev', 'daemon status', '-C']) expect(quick(line.split(' ')), line).toBeNull()
})
