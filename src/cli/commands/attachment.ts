import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { link, open, unlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import { safeName } from '../../core/attachment.ts'
import { TroupeError } from '../../core/error.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { escapeLine } from '../text.ts'

/** Copies the file of an attachment. One that is there is not touched: what comes with mail chooses no file of yours. */
export async function get(cli: Cli, given: Given): Promise<void> {
  const { out } = cli
  const id = idOf(given.required('id'))
  const found = await cli.call('attachment.get', { id }, 'asking the daemon')
  const target = resolve(cli.cwd, given.text('output') ?? safeName(found.name))
  await copyTo(target, found)
  const { file: _ours, ...facts } = found
  out.show({ ...facts, file: target }, () => out.line(`#${id} ${escapeLine(found.name)} (${found.mime}, ${found.bytes} bytes) of mail #${found.message} → ${escapeLine(target)}`))
}

function idOf(text: string): number {
  const id = /^#?(\d{1,15})$/.exec(text)?.[1]
  if (id !== undefined) return Number(id)
  throw new TroupeError('usage', `"${text}" is not the id of an attachment`, { hint: 'troupe mail and explain message show them' })
}

/** Under another name until it is whole and proved to be what was sent. */
async function copyTo(target: string, { file, sha256 }: { file: string; sha256: string }): Promise<void> {
  const part = `${target}.${process.pid}.part`
  const copy = await open(part, 'wx', 0o600).catch((cause: Error) => cannotWrite(target, cause))
  try {
    const hash = createHash('sha256')
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      hash.update(chunk)
      await copy.writeFile(chunk)
    }
    if (hash.digest('hex') !== sha256) throw new TroupeError('failed', `${file} is not what was sent: it was changed or damaged`, { hint: 'put it back from a backup' })
    await copy.sync()
    await link(part, target).catch((cause: Error) => cannotWrite(target, cause))
  } finally {
    await copy.close()
    await unlink(part)
  }
}

function cannotWrite(file: string, cause: Error): never {
  const there = 'code' in cause && cause.code === 'EEXIST'
  throw new TroupeError('usage', there ? `${file} is there already` : `${file} cannot be written: ${cause.message}`, { hint: 'troupe attachment get ID -o NEW-FILE', cause })
}
