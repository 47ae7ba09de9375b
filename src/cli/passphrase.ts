import { openSync, readFileSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import { TroupeError } from '../core/error.ts'
import type { Given } from './given.ts'

/** From --passphrase-fd, or typed unseen at the controlling terminal, whatever stdin is. Never from the command line. */
export async function readPassphrase(given: Given, question: string): Promise<string> {
  const fd = given.count('passphraseFd')
  const text = fd === undefined ? await typed(question) : fromDescriptor(fd)
  if (text !== '') return text
  throw new TroupeError('usage', 'the passphrase is empty', { hint: 'type it, or give a file descriptor to read it from: --passphrase-fd 3 3<file' })
}

function fromDescriptor(fd: number): string {
  try {
    return readFileSync(fd, 'utf8').replace(/\r?\n[^]*$/, '')
  } catch (cause) {
    throw new TroupeError('usage', `no passphrase can be read from descriptor ${fd}`, { hint: '--passphrase-fd 3 3<file', cause })
  }
}

async function typed(question: string): Promise<string> {
  const terminal = open()
  terminal.setRawMode(true)
  process.stderr.write(question)
  try {
    return await line(terminal)
  } finally {
    terminal.setRawMode(false)
    terminal.destroy()
    process.stderr.write('\n')
  }
}

function open(): ReadStream {
  try {
    return new ReadStream(openSync('/dev/tty', 'r'))
  } catch (cause) {
    throw new TroupeError('usage', 'there is no terminal to type the passphrase at', { hint: 'give a file descriptor: --passphrase-fd 3 3<file', cause })
  }
}

async function line(terminal: ReadStream): Promise<string> {
  let text = ''
  terminal.setEncoding('utf8')
  for await (const chunk of terminal) {
    for (const key of String(chunk)) {
      if (key === '\r' || key === '\n') return text
      if (key === '\x03' || key === '\x04') throw new TroupeError('usage', 'no passphrase was given', { hint: 'nothing was done' })
      text = key === '\x7f' ? [...text].slice(0, -1).join('') : key === '\x15' ? '' : text + key
    }
  }
  return text
}
