import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { z } from 'zod'
import { readText } from './text.ts'

/** What agentic-team keeps below its folder. It is only read. */
export interface AgenticTeams {
  defaults: { provider?: string | undefined; model?: string | undefined }
  /** Name of the team that counts where no other is named. */
  active: string | null
  teams: AgenticTeam[]
  /** Files that cannot be understood, with the place where that is known. What they hold is not taken. */
  problems: string[]
}

export interface AgenticTeam {
  file: string
  name: string
  provider: string
  model: string | null
  workerMode: string
  permissions: string
  worktrees: boolean
  workingDir: string
  maxWorkers: number
  /** Its workers as they were, none of them alive: history. */
  workers: Record<string, unknown>[]
}

const defaultsShape = z.looseObject({ provider: z.string().optional(), model: z.string().optional() })

/** Keys that nobody knows are left: another version wrote them. */
const teamShape = z.looseObject({
  name: z.string(),
  provider: z.string(),
  model: z.string().nullable().default(null),
  worker_mode: z.string().default('interactive'),
  permissions: z.string().default('auto'),
  use_worktrees: z.boolean().default(false),
  working_dir: z.string(),
  max_workers: z.int().min(1).max(1000).default(6),
})

const workersShape = z.looseObject({ workers: z.array(z.record(z.string(), z.unknown())).default([]) })

export function readAgenticTeams(folder: string): AgenticTeams {
  const problems: string[] = []
  const read = <T>(file: string, shape: z.ZodType<T>): T | null => {
    const found = readToml(file, shape)
    if ('value' in found) return found.value
    problems.push(found.problem)
    return null
  }
  const defaults = join(folder, 'defaults.toml')
  const teams = namesIn(join(folder, 'teams')).flatMap((name): AgenticTeam[] => {
    const file = join(folder, 'teams', `${name}.toml`)
    const team = read(file, teamShape)
    if (team === null) return []
    const state = join(folder, 'state', name, 'workers.toml')
    const { provider, model, permissions, worker_mode: workerMode, use_worktrees: worktrees, working_dir: workingDir, max_workers: maxWorkers } = team
    const workers = existsSync(state) ? (read(state, workersShape)?.workers ?? []) : []
    return [{ file, name: team.name, provider, model, workerMode, permissions, worktrees, workingDir, maxWorkers, workers }]
  })
  return { defaults: existsSync(defaults) ? (read(defaults, defaultsShape) ?? {}) : {}, active: activeIn(folder), teams, problems }
}

function readToml<T>(file: string, shape: z.ZodType<T>): { value: T } | { problem: string } {
  const read = readText(file)
  if ('problem' in read) return { problem: `${file} ${read.problem}` }
  try {
    const parsed = shape.safeParse(parse(read.text))
    if (parsed.success) return { value: parsed.data }
    return { problem: parsed.error.issues.map((issue) => `${file}${lineOf(read.text, issue.path)}: ${issue.path.join('.')}: ${issue.message}`).join('; ') }
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    return { problem: `${file}:${error.line}:${error.column}: ${error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') ?? 'not TOML'}` }
  }
}

/** Of a key at the top, which is where all but workers stand. */
function lineOf(text: string, [key]: readonly PropertyKey[]): string {
  const at = text.split('\n').findIndex((line) => line.split('=')[0]?.trim() === key)
  return at === -1 ? '' : `:${at + 1}`
}

function namesIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder).filter((name) => name.endsWith('.toml')).map((name) => basename(name, '.toml')).toSorted()
}

/** `active` is a link to the state of the team. */
function activeIn(folder: string): string | null {
  try {
    return basename(readlinkSync(join(folder, 'active')))
  } catch {
    return null // no link: no team is active
  }
}
