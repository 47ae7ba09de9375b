import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { TroupeError } from '../core/error.ts'
import type { Mode, PermissionMode } from '../core/team.ts'
import { syncFolder, writeAtomic } from '../util/atomic-write.ts'
import type { Env } from './contexts.ts'
import { teamsFolder } from './home.ts'
import { composeFile } from './paths.ts'

/** A team from one command line: a lead, and the workers that it will make. */
export interface AdHocTeam {
  name: string
  /** YAML word. */
  runtime: string
  model: string | null
  permissionMode: PermissionMode
  /** How its workers run where nobody says otherwise. */
  workerMode: Mode
  maxWorkers: number
  /** Each worker gets a git worktree of its own. */
  worktrees: boolean
  /** Absolute. */
  cwd: string
  /** Scenario; null: real models. */
  rehearsal: string | null
}

/** Typed in shells, part of addresses, of file names and of terminal names. */
export const teamName = /^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/

export const defaultMaxWorkers = 6

/** Throws `usage` for a name that no team can have. */
export function checkTeamName(name: string): void {
  if (teamName.test(name)) return
  throw new TroupeError('usage', `"${name}" cannot be the name of a team`, { hint: 'letters, digits, _ and -, at most 40, beginning with a letter or a digit' })
}

/** The files of such a team: an ordinary one. The compose file last, so that half a team is no team. */
export function adHocFiles(team: AdHocTeam): [file: string, text: string][] {
  return [
    ['roles/lead.md', leadText(team)],
    ['.gitignore', 'state/\n.env\n'],
    [`projects/${team.name}.yaml`, projectText(team)],
    [composeFile, composeText(team)],
  ]
}

function composeText({ name, maxWorkers, workerMode, worktrees, rehearsal }: AdHocTeam): string {
  return `# Made by troupe new. An ordinary team: change it as you like, then troupe reload.
version: 2
name: ${JSON.stringify(name)}
${rehearsal === null ? '' : `rehearsal: ${JSON.stringify(rehearsal)}    # the scripted model answers; take this line away for real models\n`}max_workers: ${maxWorkers}
${workerMode === 'terminal' ? '' : `worker_mode: ${workerMode}\n`}
${worktrees ? 'supervisor:\n  worktree_isolation: true    # a git worktree of its own for each worker\n\n' : ''}budget:
  daily_usd_limit: 20    # US dollars a day at list prices; at it every agent is stopped until the next day

projects:
  - file: projects/${name}.yaml
`
}

function projectText({ name, cwd, runtime, model, permissionMode, worktrees }: AdHocTeam): string {
  return `version: 2

project:
  id: ${JSON.stringify(name)}
  name: ${JSON.stringify(name)}
  cwd: ${JSON.stringify(cwd)}

channels:
  - name: all
    members: "*"

managers:
  lead:
    runtime: ${JSON.stringify(runtime)}
${model === null ? '' : `    model: ${JSON.stringify(model)}\n`}    role_prompt: roles/lead.md
    permission_mode: ${permissionMode}
${worktrees ? '    worktree: false\n' : ''}    can_spawn: true
    can_dm: ["*"]
    can_broadcast: [all]

workers: {}
`
}

function leadText({ cwd, maxWorkers }: AdHocTeam): string {
  return `# Lead

People say what they want to you, and you see to it that it gets done. You do not do the work yourself: you cut it into
tasks, give each to a worker, look at what comes back, and say what came of it.

- Make a worker with the tool \`spawn_worker\`, one for each task that can be done by itself. A worker sees nothing of
  your conversation: say in its task all that it must know, and how you will tell that it is done.
- At most ${maxWorkers} workers are at work at a time; further tasks wait for their turn. Do not make two of them change
  the same files at the same time: name the task that must come before.
- You get a message when a worker has ended. \`workers\` tells who does what, \`task_result\` what came of a task.
- Write to a worker with \`dm\` to correct it; end one that goes wrong with \`stop_worker\`.
- Work happens in ${cwd}. For another folder say so when you make the worker.
- When a message of a person is dealt with, answer with what came of it and acknowledge it with \`inbox_ack\`. Say so when
  something cannot be done, and why.
- When you are asked for a standup, write the report to the file that is named, for each worker what it was to do, how far
  it is, and what came of it.
`
}

/**
 * Puts the files of a team below the home of troupe, all at once: a kill leaves the whole team or none of it. Returns its
 * root, a real path. Throws `conflict` where there is a team of that name.
 */
export function placeTeam(env: Env, name: string, files: readonly [file: string, text: string][]): string {
  const folder = teamsFolder(env)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const real = realpathSync(folder)
  sweep(real)
  const root = join(real, name)
  const making = join(real, `${unfinished}${process.pid}-${randomUUID().slice(0, 8)}`)
  try {
    for (const [file, text] of files) {
      mkdirSync(dirname(join(making, file)), { recursive: true, mode: 0o700 })
      writeAtomic(join(making, file), text)
    }
    renameSync(making, root) // refuses a folder that holds anything
  } catch (error) {
    rmSync(making, { recursive: true, force: true })
    if (!existsSync(root)) throw error
    throw new TroupeError('conflict', `there is a team "${name}" already, in ${root}`, { hint: `troupe -T ${name} up starts it, troupe delete ${name} takes it away`, facts: { name, root }, cause: error })
  }
  syncFolder(real)
  return root
}

/** Takes a team's folder away, at once for everybody else. */
export function removeTeam(root: string): void {
  const leaving = join(dirname(root), `${unfinished}${process.pid}-${randomUUID().slice(0, 8)}`)
  renameSync(root, leaving)
  rmSync(leaving, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
}

/** Of a folder that is being made or taken away, with the process that does so. */
const unfinished = '.unfinished-'

/** What a killed process left behind. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = Number(new RegExp(`^\\${unfinished}(\\d+)-`).exec(name)?.[1] ?? 0)
    if (pid > 0 && !runs(pid)) rmSync(join(folder, name), { recursive: true, force: true })
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
