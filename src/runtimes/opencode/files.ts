import { chmodSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeAtomic } from '../../util/atomic-write.ts'
import { isRecord } from '../json.ts'

/** What this runtime keeps in the agent's folder, below `opencode/`. */
export interface OpencodeFiles {
  folder: string
  briefing: string
  /** The plugin that asks for leave before each tool call. */
  gate: string
  /** Written by the plugin once OpenCode runs it. */
  loaded: string
  door: string
  /** OPENCODE_DB: its conversations. One for each agent, so that several never write to one. */
  database: string
  /** HOME and XDG folders in rehearsal, so that nothing of the person's own is touched. */
  rehearsalHome: string
}

export function opencodeFiles(agentFolder: string): OpencodeFiles {
  const folder = join(agentFolder, 'opencode')
  return {
    folder,
    briefing: join(folder, 'briefing.md'),
    gate: join(folder, 'gate.js'),
    loaded: join(folder, 'loaded.json'),
    door: join(folder, 'door.json'),
    database: join(folder, 'opencode.db'),
    rehearsalHome: join(folder, 'home'),
  }
}

/** Where the API of one incarnation is, for the next daemon too. The file is 0600, the password good for that process only. */
export interface Door {
  incarnation: string
  /** 0 for a one-shot run, which opens none. */
  port: number
  password: string
  /** `provider/model` that it was told; null: its own choice. */
  model: string | null
  /** Its conversation, once it has one: the next daemon goes on with that, whatever this one could still note elsewhere. */
  session: string | null
}

export function prepareFolder(files: OpencodeFiles): void {
  mkdirSync(files.folder, { recursive: true, mode: 0o700 })
  chmodSync(files.folder, 0o700)
  rmSync(files.loaded, { force: true })
}

export function writeDoor(files: OpencodeFiles, door: Door): void {
  writeAtomic(files.door, `${JSON.stringify(door)}\n`)
}

/** null where there is none, or that of another incarnation. */
export function readDoor(files: OpencodeFiles, incarnation: string): Door | null {
  const found = read(files.door)
  const { port, password, model, session } = found ?? {}
  if (found?.['incarnation'] !== incarnation || typeof port !== 'number' || typeof password !== 'string') return null
  return { incarnation, port, password, model: typeof model === 'string' ? model : null, session: typeof session === 'string' ? session : null }
}

/** Whether OpenCode runs the plugin in this incarnation. */
export function isGateLoaded(files: OpencodeFiles, incarnation: string): boolean {
  return read(files.loaded)?.['incarnation'] === incarnation
}

function read(file: string): Record<string, unknown> | null {
  try {
    const found: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return isRecord(found) ? found : null
  } catch {
    return null // not there yet, or cut short by a crash: as good as not there
  }
}
