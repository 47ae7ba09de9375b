import { resolve } from 'node:path'
import { TroupeError } from '../../core/error.ts'
import { runtimeOf } from '../../runtimes/provider-words.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { count, escapeLine } from '../text.ts'
import { textOf } from './send.ts'
import { taskLine } from './tasks.ts'

const defaultTimeout = 120_000

export async function spawn(cli: Cli, given: Given): Promise<number> {
  const { out } = cli
  const { project, name, model, effort, mode, key } = Object.fromEntries(['project', 'name', 'model', 'effort', 'mode', 'key'].map((each) => [each, given.text(each)]))
  const runtime = given.text('runtime') ?? given.text('provider')
  const cwd = given.text('cwd')
  const resumeSession = given.text('resumeSession')
  const said = { project, name, model, effort, mode: mode === 'interactive' ? 'terminal' : mode, key, runtime, resumeSession, cwd: cwd === undefined ? undefined : resolve(cli.cwd, cwd) }
  const task = await taskOf(cli, given)
  const { environmentFor, known } = await import('../team-files.ts')
  const env = environmentFor(runtime === undefined ? [] : [runtimeOf(runtime, known.runtimes.ready)], await cli.root(), cli)
  const made = await cli.call('spawn', { task, env, after: given.words('after'), timeoutMs: given.duration('timeout') ?? defaultTimeout, ...(given.flag('worktree') ? { worktree: true } : {}), ...Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)) }, 'making the worker')
  out.show({ agent: made.agent, task: made.task, troubles: made.troubles }, () => out.line(taskLine(out, made.task)))
  if (!out.json) {
    for (const notice of made.notices) out.warn(notice)
    for (const { agent, why, fix } of made.troubles) out.trouble(`${out.wordColor.red('error:')} ${escapeLine(agent)}: ${escapeLine(why)}\n  ${out.wordColor.bold('Try:')} ${escapeLine(fix)}`)
  }
  if (made.troubles.length === 0) out.say(`Try: troupe wait ${made.task.n}`)
  return made.troubles.length === 0 ? 0 : 1
}

/** By --task, by the words, from a file or from stdin; only one of them. */
async function taskOf(cli: Cli, given: Given): Promise<string> {
  const named = given.text('task')
  const hint = 'write it after spawn, or - to read stdin'
  if (named === undefined) return await textOf(cli, given, hint)
  if (given.words('text').length > 0 || given.text('file') !== undefined) throw new TroupeError('usage', 'the task is given twice', { hint: 'give it once: --task, --file, or the words' })
  if (named === '-') return await textOf(cli, given.as('file', '-'), hint)
  if (named.trim() === '') throw new TroupeError('usage', 'the task is empty', { hint })
  return named
}

export async function resume(cli: Cli, given: Given): Promise<void> {
  const agent = given.required('agent')
  const made = await cli.call('resume', { agent, task: await textOf(cli, given) }, 'handing it over')
  cli.out.show(made, () => cli.out.line(taskLine(cli.out, made.task)))
}

export async function clear(cli: Cli, given: Given): Promise<void> {
  const { out } = cli
  const result = await cli.call('clear', { failed: given.flag('failed') }, 'clearing')
  out.show(result, () => {
    for (const agent of result.cleared) out.line(escapeLine(agent))
  })
  const kept = result.kept.map(({ agent, why }) => `${agent} stays: ${why}`)
  out.say([result.cleared.length === 0 ? 'Nothing to clear.' : `Cleared ${count(result.cleared.length, 'worker')}.`, ...kept.map(escapeLine)].join('\n'))
}
