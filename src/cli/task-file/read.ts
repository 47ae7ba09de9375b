import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { basename, dirname, relative, resolve } from 'node:path'
import type { Diagnostic } from '../../config/diagnostic.ts'
import { renderDiagnostics } from '../../config/render.ts'
import { TroupeError } from '../../core/error.ts'
import { isFlawed, type Flaw } from '../../core/task-file/flaw.ts'
import { linesOf } from '../../core/task-file/lines.ts'
import { parseTaskFile } from '../../core/task-file/parse.ts'
import { resolveTaskFile, type FileTask, type Ground } from '../../core/task-file/resolve.ts'
import { notAModel, providerNamed, providers, runtimeNames } from '../../runtimes/index.ts'
import { NotOpened, openRegular } from '../../util/open-regular.ts'
import type { Cli } from '../cli.ts'
import { teamOf } from '../team-files.ts'

/** Larger than any list that people keep: bytes, and boxes. */
const largest = 1024 * 1024
const mostTasks = 5_000

export interface OpenFile {
  /** As it was named, absolute. */
  path: string
  /** Without links: this is written. */
  real: string
  /** Begins the daemon's keys of its tasks. */
  prefix: string
}

/** Throws `usage` where there is no such file. */
export async function findTaskFile(cli: Cli, named: string): Promise<OpenFile> {
  const path = resolve(cli.cwd, named)
  const { real } = await contentOf(path)
  return { path, real, prefix: `${basename(real).slice(0, 60)}#${createHash('sha256').update(real).digest('hex').slice(0, 8)}:` }
}

/** Its bytes and where they are. Throws `usage`. */
export async function contentOf(path: string): Promise<{ real: string; bytes: Buffer }> {
  try {
    const { file, real, bytes } = await openRegular(path)
    try {
      if (bytes > largest) throw new TroupeError('usage', `${path} has ${bytes} bytes: no task file is longer than ${largest}`)
      return { real, bytes: await file.readFile() }
    } finally {
      await file.close()
    }
  } catch (error) {
    if (!(error instanceof NotOpened)) throw error
    const why = { missing: 'does not exist', forbidden: 'may not be read', special: 'is no file', changed: 'changed while it was opened' }[error.why]
    throw new TroupeError('usage', `${path} ${why}`, { hint: 'name a Markdown file with a list of tasks: - [ ] what is to be done', cause: error })
  }
}

/** Throws `usage` for what is no UTF-8: writing it back would change it. */
export function textOf(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new TroupeError('usage', `${path} is not UTF-8`, { hint: `iconv -f latin1 -t utf-8 ${basename(path)}`, cause })
  }
}

/** Keys of the tasks in a file, whatever else is wrong with it. */
export async function keysIn({ real }: OpenFile): Promise<string[]> {
  return parseTaskFile(textOf((await contentOf(real)).bytes, real)).items.map(({ key }) => key)
}

/** The tasks of a file, checked. Every mistake is told at its place; with one among them nothing starts. */
export async function tasksIn(cli: Cli, { path }: OpenFile, project: string | undefined): Promise<FileTask[]> {
  const text = textOf((await contentOf(path)).bytes, path)
  const parsed = parseTaskFile(text)
  if (parsed.items.length > mostTasks) throw new TroupeError('usage', `${path} has ${parsed.items.length} tasks, more than ${mostTasks}`, { hint: 'split it into several files' })
  const { tasks, flaws } = resolveTaskFile(parsed, groundOf(cli, path, await cwdOf(cli, project)))
  if (flaws.length > 0) tell(cli, text, path, flaws)
  return tasks
}

function tell({ out, cwd }: Cli, text: string, path: string, flaws: readonly Flaw[]): void {
  const lines = linesOf(text)
  const all: Diagnostic[] = flaws.map((flaw) => ({ ...flaw, file: path, excerpt: excerptOf(lines[flaw.line - 1]?.text) }))
  const errors = all.filter(({ severity }) => severity === 'error')
  const [first] = errors
  if (first === undefined || !out.json) out.trouble(renderDiagnostics(all, { color: out.wordColor.isColorSupported, from: cwd }))
  if (!isFlawed(flaws) || first === undefined) return
  const place = `${relative(cwd, path)}:${first.line}:${first.column}`
  throw new TroupeError('config', `${errors.length === 1 ? `a mistake in ${place}` : `${errors.length} mistakes, the first in ${place}`}: nothing was started`, {
    hint: 'correct the file',
    facts: { diagnostics: all.map(({ excerpt: _excerpt, ...one }) => one) },
  })
}

function excerptOf(text: string | undefined): Diagnostic['excerpt'] {
  return text === undefined ? null : { text, width: 1 }
}

/** Where a project works: relative folders are looked for there, after the folder of the file. */
async function cwdOf(cli: Cli, project: string | undefined): Promise<string | null> {
  const { projects } = teamOf(await cli.root())
  return (project === undefined ? projects[0] : projects.find(({ id }) => id === project))?.cwd ?? null
}

function groundOf(cli: Cli, path: string, cwd: string | null): Ground {
  const home = cli.env['HOME'] ?? '/'
  const places = [dirname(path), ...(cwd === null ? [] : [cwd])]
  return {
    folder(written) {
      if (written.includes('\0')) return null
      const plain = written.replace(/^~(?=\/|$)/, () => home)
      return places.map((place) => resolve(place, plain)).find(isFolder) ?? null
    },
    runtime: (written) => providerNamed(written)?.runtime ?? (runtimeNames.ready.includes(written) ? written : null),
    runtimes: providers.map(({ name }) => name),
    modes: (runtime) => runtimeNames.modes[runtime] ?? ['terminal'],
    wrongModel: notAModel,
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
