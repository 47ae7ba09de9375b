import { link, open, unlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { AuditLine } from '../../api/index.ts'
import { TroupeError } from '../../core/error.ts'
import type { Cli } from '../cli.ts'
import { createEventLines } from '../event-line.ts'
import type { Given } from '../given.ts'
import { count, thousands } from '../text.ts'

export async function log(cli: Cli, given: Given): Promise<void> {
  const { out } = cli
  const [agent, type] = [given.text('agent'), given.text('type')]
  const lines = await cli.call(
    'audit.log',
    { ...sinceOf(given), limit: given.count('lines') ?? 200, ...(agent === undefined ? {} : { agent }), ...(type === undefined ? {} : { type }) },
    'asking the daemon',
  )
  const lineOf = createEventLines(out.color)
  if (lines.length === 0) out.say('No line of the journal matches.')
  out.show(lines, () => lines.forEach((line) => out.line(`${out.color.dim(`${line.stream} ${line.seq} ${line.hash.slice(0, 8)}`)}  ${lineOf(line, Date.now())}`)))
}

/** For safekeeping: a line for each stream, on stdout. */
export async function printHead(cli: Cli): Promise<void> {
  const heads = await cli.call('audit.head', {}, 'asking the daemon')
  cli.out.show(heads, () => heads.forEach((each) => cli.out.line(each.head)))
}

export async function verify(cli: Cli, given: Given): Promise<number> {
  const { out } = cli
  const kept = given.text('head')
  const found = await cli.call('audit.verify', kept === undefined ? {} : { head: kept }, 'checking the journal')
  out.show(found, () => {
    if (found.ok) return out.line(`ok · ${thousands(found.events ?? 0)} lines, each follows the one before it${keptText(found.head)}`)
    out.error(
      new TroupeError('failed', found.stream === '' ? `the journal does not hold the head that was kept: ${found.why}` : `the journal is broken at line ${found.seq} of ${found.stream}: ${found.why}`, {
        hint: 'troupe audit export FILE keeps what is there; compare it with a copy of the database from before',
      }),
    )
  })
  return found.ok ? 0 : 1
}

function keptText(found: 'found' | 'pruned' | null): string {
  if (found === null) return ''
  return found === 'found' ? ', and the head that was kept is one of them' : '; the head that was kept lies before a checkpoint and cannot be compared'
}

/** All of the journal, page by page, so that its size does not matter. A file that is there is not touched. */
export async function exportTo(cli: Cli, given: Given): Promise<void> {
  const { out } = cli
  const name = given.required('file')
  if (name === '-') {
    for await (const lines of pages(cli, given)) await out.flow(linesOf(lines), cli.signal)
    return
  }
  const file = resolve(cli.cwd, name)
  const done = out.progress('writing the journal')
  const events = await exportToFile(cli, given, file).finally(done)
  if (events !== null) out.show({ file, events }, () => out.say(`Wrote ${count(events, 'event')} to ${file}.`))
}

/** Under another name until it is whole. Null after Ctrl-C: nothing is left then. */
async function exportToFile(cli: Cli, given: Given, file: string): Promise<number | null> {
  const part = `${file}.${process.pid}.part`
  const handle = await open(part, 'wx', 0o600).catch((cause: Error) => cannotWrite(file, cause))
  try {
    let written = 0
    for await (const lines of pages(cli, given)) {
      await handle.writeFile(linesOf(lines))
      written += lines.length
    }
    if (cli.signal.aborted) return null
    await handle.sync()
    await link(part, file)
    return written
  } catch (cause) {
    if (cause instanceof TroupeError) throw cause
    return cannotWrite(file, cause as NodeJS.ErrnoException)
  } finally {
    await handle.close()
    await unlink(part)
  }
}

function cannotWrite(file: string, cause: NodeJS.ErrnoException): never {
  const why = cause.code === 'EEXIST' ? `${file} is there already` : `${file} cannot be written: ${cause.message}`
  throw new TroupeError('usage', why, { hint: 'name a new file, or - for stdout', cause })
}

async function* pages(cli: Cli, given: Given): AsyncGenerator<AuditLine[]> {
  let cursor: string | null = null
  do {
    const page: { events: AuditLine[]; cursor: string | null; pruned: boolean } = await cli.call('audit.export', { cursor, ...sinceOf(given) })
    if (page.pruned && cursor === null) cli.out.warn('older lines were pruned behind a checkpoint and are not here')
    yield page.events
    cursor = page.cursor
  } while (cursor !== null && !cli.signal.aborted)
}

function sinceOf(given: Given): { since?: number } {
  const since = given.duration('since')
  return since === undefined ? {} : { since: Date.now() - since }
}

function linesOf(lines: AuditLine[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}
