import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import type { Cli } from '../cli.ts'
import { Given } from '../given.ts'
import { NeedsWholeProgram } from '../whole.ts'
import { textOf } from './send.ts'

it('sends nothing of a text that Ctrl-C cut off', async () => {
  const stop = new AbortController()
  const stdin = new PassThrough()
  stdin.write('do not deploy unless')
  const asked = textOf({ stdin: () => stdin, signal: stop.signal, cwd: '/', hello: async () => await Promise.resolve({}) } as unknown as Cli, new Given({ text: ['-'] }))
  stop.abort()
  stdin.end()
  await expect(asked).rejects.toMatchObject({ name: 'AbortError' })
})

it('takes nothing from a pipe before a daemon answers: the whole program, which starts one, would find it empty', async () => {
  const stdin = new PassThrough()
  stdin.end('mend it')
  const hello = async (): Promise<never> => await Promise.reject(new NeedsWholeProgram())
  const cli = { stdin: () => stdin, signal: new AbortController().signal, cwd: '/', hello } as unknown as Cli
  await expect(textOf(cli, new Given({ text: ['-'] }))).rejects.toBeInstanceOf(NeedsWholeProgram)
  expect(stdin.read()).toEqual(Buffer.from('mend it'))
})
