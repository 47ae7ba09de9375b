import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { hostOf } from '../../config/environment.ts'
import { nextSteps, scaffold, templates, type Scaffold, type Template } from '../../config/init.ts'
import { systemClock } from '../../core/clock.ts'
import { TroupeError } from '../../core/error.ts'
import { nearest } from '../../core/nearest.ts'
import type { Health } from '../../core/runtime.ts'
import { loadRuntime, providers, runtimeNames } from '../../runtimes/index.ts'
import { writeAtomic } from '../../util/atomic-write.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { known } from '../team-files.ts'

export async function init(cli: Cli, given: Given): Promise<number | void> {
  if (given.text('provider') !== undefined) return await (await import('./new.ts')).create(cli, given)
  const { out, cwd } = cli
  const template = templateNamed(given.text('template') ?? 'solo')
  const options = { cwd, name: given.text('dir'), project: given.text('project'), force: given.flag('force'), template, known }
  const first = scaffold(options)
  const asks = cli.stdin().isTTY === true && out.live && !out.json && !given.flag('yes')
  const project = asks ? await ask(first, given.text('project')) : options.project
  const found = await installed(cli)
  const plan = scaffold({ ...options, project, runtime: insteadOf(found) })
  write(plan)
  const steps = nextSteps(plan, cwd)
  out.show({ root: plan.root, project: plan.project, files: plan.files.map((file) => file.path), runtimes: found, next: steps }, () => {
    out.line(plan.root)
    out.say(`${template === 'blank' ? 'A team without agents' : 'A team of two'} is in ${plan.root} (project ${plan.project}).`)
    if (template !== 'blank') tellRuntimes(cli, found)
    out.say(`Next:\n${steps.map((step) => `  ${step}`).join('\n')}`)
  })
}

function templateNamed(template: string): Template {
  const found = templates.find((each) => each === template)
  if (found !== undefined) return found
  throw new TroupeError('usage', `there is no template "${template}"`, { hint: `--template ${nearest(template, templates) ?? templates.join('|')}` })
}

/** The agent CLI that is here, where the usual one is not; undefined where it is, or where none is. */
function insteadOf(found: Found[]): string | undefined {
  const here = (each: Found | undefined): boolean => each?.installed === true
  if (here(found.find(({ runtime }) => runtime === runtimeNames.default))) return undefined
  return found.find((each) => here(each) && each.problem === null && providers.some(({ runtime }) => runtime === each.runtime))?.runtime
}

/** The project's id, after showing where the files will be. Throws `failed` if the person turns away. */
async function ask(plan: Scaffold, project: string | undefined): Promise<string> {
  const { isCancel, text, confirm } = await import('@clack/prompts')
  const id = project ?? (await text({ message: 'Id of the project', initialValue: plan.project, output: process.stderr }))
  const sure = isCancel(id) ? false : await confirm({ message: `Write ${plan.files.length} files to ${plan.root}?`, output: process.stderr })
  if (isCancel(id) || isCancel(sure) || !sure) throw new TroupeError('failed', 'nothing was written', { hint: 'troupe init -y asks nothing' })
  return id
}

/** The compose file comes last, so that a run cut short leaves no half team behind that looks whole. */
function write(plan: Scaffold): void {
  for (const { path, text } of plan.files) {
    mkdirSync(dirname(path), { recursive: true })
    writeAtomic(path, text)
  }
}

type Found = { runtime: string; installed: boolean; version: string | null; problem: Health['problem'] }

/** Which agent CLIs are here. A probe that fails is a finding, not an end. */
async function installed(cli: Cli): Promise<Found[]> {
  const done = cli.out.progress('looking for agent CLIs')
  const env = Object.fromEntries(Object.entries(cli.env).filter((entry): entry is [string, string] => entry[1] !== undefined))
  const host = hostOf(env, systemClock)
  const all = await Promise.all(
    runtimeNames.ready.map(async (name): Promise<Found> => {
      try {
        const health = await (await loadRuntime(name, null, 'terminal')).health(host)
        return { runtime: name, installed: health.installed, version: health.version, problem: health.problem }
      } catch (error) {
        return { runtime: name, installed: false, version: null, problem: { why: error instanceof Error ? error.message : String(error), fix: '' } }
      }
    }),
  )
  done()
  return all
}

function tellRuntimes({ out }: Cli, found: Found[]): void {
  const instead = insteadOf(found)
  const wanted = found.find((each) => each.runtime === (instead ?? runtimeNames.default))
  if (instead !== undefined) out.say(`Agent CLI: ${instead} ${wanted?.version ?? ''} (${runtimeNames.default} is not installed here)`)
  else if (wanted?.installed === true) out.say(`Agent CLI: ${wanted.runtime} ${wanted.version ?? ''}`.trimEnd())
  else out.warn(`${runtimeNames.default} is not installed here; the team runs without it in rehearsal: troupe rehearse`)
  if (wanted?.installed === true && wanted.problem !== null) out.warn(`${wanted.problem.why}. Try: ${wanted.problem.fix}`)
}
