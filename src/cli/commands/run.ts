import type { Input } from '../../api/index.ts'
import { TroupeError } from '../../core/error.ts'
import { inOrder, planRun, rowsOf, waitsFor, type Step } from '../../core/task-file/run.ts'
import type { FileTask } from '../../core/task-file/resolve.ts'
import { providerOf } from '../../runtimes/provider-words.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { follow } from '../task-file/follow.ts'
import { findTaskFile, tasksIn, type OpenFile } from '../task-file/read.ts'
import { rowsFor, tellMissing, writeRows, type Row } from '../task-file/rows.ts'
import { count, escapeLine } from '../text.ts'

/** Of one transaction. */
const mostAtOnce = 1_000

type Draft = Input<'task.add'>['tasks'][number]

/** Hands the file's open tasks to the daemon in one go, and writes into the file who works on them. */
export async function run(cli: Cli, given: Given): Promise<number> {
  const file = await findTaskFile(cli, given.required('file'))
  const tasks = await tasksIn(cli, file, given.text('project'))
  const known = await rowsFor(cli, file, tasks.map(({ key }) => key))
  const limit = given.count('limit') ?? null
  const steps = planRun(tasks, rowsOf(tasks, known, file.prefix), { rerun: given.flag('rerun'), retry: given.flag('retry'), limit })
  const dryRun = given.flag('dryRun')
  const planned = await handOver(cli, given, file, steps, dryRun)
  if (dryRun) {
    show(cli, file, steps, planned, true)
    return 0
  }
  const again = new Set(steps.flatMap((step) => (step.do === 'again' && step.row !== null ? [step.row.key] : [])))
  const rows = await rowsFor(cli, file, tasks.map(({ key }) => key))
  tellMissing(cli, await writeRows(file, rows, again))
  if (!given.flag('watch')) {
    show(cli, file, steps, rows)
    return 0
  }
  if (!cli.out.json) tellSteps(cli, steps)
  return await watch(cli, file, steps, rows)
}

/** All that is new in one transaction, so that a refusal leaves nothing behind; then what is begun again. */
async function handOver(cli: Cli, given: Given, file: OpenFile, steps: readonly Step[], dryRun: boolean): Promise<Row[]> {
  const fresh = new Map(steps.flatMap((step) => (step.do === 'add' ? [[step.task, step]] : [])))
  const drafts = inOrder(steps.map(({ task }) => task)).filter((task) => fresh.has(task)).map((task) => draftOf(task, steps, file, given))
  if (drafts.length > mostAtOnce) throw new TroupeError('usage', `${drafts.length} new tasks are more than can be handed over at once`, { hint: `--limit ${mostAtOnce}, and again for the others` })
  const planned: Row[] = []
  if (drafts.length > 0) {
    const env = dryRun ? {} : await valuesFor(cli)
    const made = await cli.call('task.add', { tasks: drafts, source: 'file', dryRun, env }, dryRun ? 'checking the tasks' : 'handing the tasks over')
    planned.push(...made.tasks.flatMap((row) => (row.key === null ? [] : [{ ...row, key: row.key }])))
  }
  if (!dryRun) for (const { do: what, row } of steps) if (what === 'again' && row !== null) await cli.call('task.again', { id: String(row.n) }, 'beginning it again')
  return planned
}

/** Of any runtime: a file may name them all. */
async function valuesFor(cli: Cli): Promise<Record<string, string>> {
  const { environmentFor, known } = await import('../team-files.ts')
  return environmentFor(known.runtimes.ready, await cli.root(), cli)
}

function draftOf(task: FileTask, steps: readonly Step[], { path, prefix }: OpenFile, given: Given): Draft {
  const { name, runtime, model, effort, mode, dir } = task
  const project = given.text('project')
  const worktree = task.worktree ?? (given.flag('worktree') ? true : null)
  const said = { name, runtime, model, effort, mode, cwd: dir, project, worktree }
  return {
    task: task.text,
    title: task.title.slice(0, 500),
    key: prefix + task.key,
    origin: `${path}:${task.line}`,
    after: waitsFor(task, steps, prefix),
    ...Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null && value !== undefined)),
  }
}

/** Tells what changes, writes it into the file as it goes, and ends when no task can go on by itself. 1 where one failed. */
async function watch(cli: Cli, file: OpenFile, steps: readonly Step[], rows: readonly Row[]): Promise<number> {
  const keys = new Set(steps.flatMap((step) => (step.do === 'skip' && step.why !== 'under way' ? [] : [step.row?.key ?? file.prefix + step.task.key])))
  const numbers = rows.filter(({ key }) => keys.has(key)).map(({ n }) => n)
  const told = new Map<number, string>()
  let last: readonly Row[] = []
  if (numbers.length > 0) {
    for await (const { rows: now } of follow(cli, numbers)) {
      last = now.flatMap((row) => (row.key === null ? [] : [{ ...row, key: row.key }]))
      for (const row of last) tellChange(cli, row, told)
      tellMissing(cli, await writeRows(file, last))
    }
  }
  const [done, failed] = [last.filter(({ state }) => state === 'done'), last.filter(({ state }) => state !== 'done')]
  cli.out.show({ file: file.path, tasks: last }, () => cli.out.line(numbers.length === 0 ? 'Nothing to do.' : `${done.length} done, ${failed.length} not`))
  return failed.length === 0 ? 0 : 1
}

function tellChange({ out }: Cli, row: Row, told: Map<number, string>): void {
  const line = `#${row.n} ${escapeLine(row.agent ?? '')} ${row.state}${row.detail === '' ? '' : ` (${escapeLine(row.detail)})`}: ${escapeLine(row.title)}`
  if (told.get(row.n) !== line) out.told(line)
  told.set(row.n, line)
}

function show(cli: Cli, { path, prefix }: OpenFile, steps: readonly Step[], rows: readonly Row[], dryRun = false): void {
  const { out } = cli
  const byKey = new Map(rows.map((row) => [row.key, row]))
  const found = steps.map((step) => ({ step, row: byKey.get(step.row?.key ?? prefix + step.task.key) ?? null }))
  const value = found.map(({ step, row }) => {
    const { line, title, text, after } = step.task
    return { line, title, text, after: steps.filter(({ task }) => after.includes(task.key)).map(({ task }) => task.line), do: step.do, why: step.do === 'skip' ? step.why : null, task: row === null || row.n === 0 ? null : row.n, agent: row?.agent ?? step.row?.agent ?? null, state: row?.state ?? step.row?.state ?? null }
  })
  out.show({ file: path, tasks: value }, () => {
    for (const { step, row } of found) {
      if (step.do !== 'skip') out.line(`${escapeLine((row?.agent ?? step.row?.agent ?? '').replace(/^.*:/, ''))} | ${escapeLine(step.task.title)}${step.do === 'again' ? ' (again)' : ''}${waits(step.task, steps)}${dryRun ? how(step.task) : ''}`)
    }
  })
  if (!out.json) tellSteps(cli, steps, dryRun)
}

/** What the file says of its worker; what it leaves open is the team's to say. */
function how({ runtime, model, effort, mode, dir, worktree }: FileTask): string {
  const said = { dir, provider: runtime === null ? null : providerOf(runtime), model, effort, mode, worktree: worktree === null ? null : String(worktree) }
  return Object.entries(said).flatMap(([key, value]) => (value === null ? [] : [`  ${key}=${escapeLine(value)}`])).join('')
}

function waits({ after }: FileTask, steps: readonly Step[]): string {
  const before = steps.filter((step) => after.includes(step.task.key)).map(({ task }) => task.n)
  return before.length === 0 ? '' : ` (after ${before.join(', ')})`
}

function tellSteps({ out }: Cli, steps: readonly Step[], dryRun = false): void {
  const number = (test: (step: Step) => boolean): number => steps.filter(test).length
  const skipped = (why: string): number => number((step) => step.do === 'skip' && step.why === why)
  const parts: [number, string][] = [
    [number((step) => step.do === 'add'), dryRun ? 'would be handed over' : 'handed over'],
    [number((step) => step.do === 'again'), dryRun ? 'would begin again' : 'begun again'],
    [skipped('under way'), 'under way already'],
    [skipped('done') + skipped('ticked'), 'done (--rerun begins those again that a worker did)'],
    [skipped('failed'), 'failed (--retry begins them again)'],
    [skipped('limit'), 'left for a later run by --limit'],
  ]
  const text = parts.filter(([n]) => n > 0).map(([n, what]) => `${n} ${what}`)
  out.say(steps.length === 0 ? 'There are no tasks in it. A task is a line such as: - [ ] what is to be done' : `${count(steps.length, 'task')}: ${text.join(', ')}.`)
}
