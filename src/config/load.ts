import { readdirSync, realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { z } from 'zod'
import { TroupeError } from '../core/error.ts'
import type { Project, RuntimeDescriptor, Team } from '../core/team.ts'
import { Diagnostics, type Diagnostic } from './diagnostic.ts'
import type { Known } from './known.ts'
import { Place } from './place.ts'
import { composeFile } from './paths.ts'
import { plainValue } from './plain.ts'
import { checkCollisions } from './resolve/collisions.ts'
import { checkInside } from './resolve/files.ts'
import { checkId, checkVersion } from './resolve/names.ts'
import { hookNames } from './resolve/policies.ts'
import { resolveProject } from './resolve/project.ts'
import { resolveDescriptor } from './resolve/runtime.ts'
import type { TeamScope } from './resolve/scope.ts'
import { resolveTeam, teamName } from './resolve/team.ts'
import { composeSchema } from './schema/compose.ts'
import { descriptorSchema } from './schema/descriptor.ts'
import { projectSchema } from './schema/project.ts'
import { checkShape } from './shape.ts'
import { diagnose, parseSource, type Source } from './source.ts'
import { readText } from './text.ts'
import { tellUnused, tellUnusedBy } from './unused.ts'

export interface Loaded {
  /** Complete and without errors, or null. */
  team: Team | null
  /** Everything there is to say, errors first. */
  diagnostics: Diagnostic[]
  /** The files behind the team: where a value comes from is read off them. */
  origins: Origins
  /** What was found, errors or not. */
  counts: { projects: number; agents: number }
}

export interface Origins {
  compose: Source
  /** By project id. */
  projects: ReadonlyMap<string, Source>
}

/** Another reader stands in for files that are not written yet. */
export type Read = typeof readText

interface Reading {
  out: Diagnostics
  read: Read
}

interface ProjectFile {
  project: Project
  place: Place
}

/**
 * Reads the team below `root`. Never throws for what stands in the files: all that is wrong with them
 * comes back as diagnostics at once.
 */
export function load(root: string, known: Known, read: Read = readText): Loaded {
  const real = realRoot(root)
  const out = new Diagnostics()
  const reading = { out, read }
  const { value: raw, place } = readFile(
    join(real, composeFile),
    (source) => new Place(source, [], out),
    composeSchema(known),
    reading,
  )
  if (raw === null)
    return {
      team: null,
      diagnostics: out.sorted(),
      origins: { compose: place.source, projects: new Map() },
      counts: { projects: 0, agents: 0 },
    }
  checkVersion(raw.version, place.at('version'))
  tellUnused('compose', place)
  const scope: TeamScope = { root: real, known, descriptors: readDescriptors(real, reading), hooks: hookNames(raw.rate_limits), metering: raw.metering.via, name: teamName(raw, real), worktrees: raw.supervisor.worktree_isolation }
  const files = raw.projects.map(({ file }, index) => readProject(file, scope, place.at('projects', index, 'file'), reading))
  const found = files.filter((file) => file !== null)
  checkDoubles(found)
  const placeOf = (project: string, agent: string) => agentPlace(found, project, agent)
  checkCollisions(
    found.map((file) => file.project),
    placeOf,
  )
  const projects = found.map((file) => file.project)
  const team = resolveTeam(raw, real, known, projects, found.length === files.length, place, placeOf)
  if (projects.length === 0 && !out.failed)
    place.at('projects').warning('the team has no projects, so it has no agents', 'add `- file: projects/main.yaml`')
  return {
    team: out.failed ? null : team,
    diagnostics: out.sorted(),
    origins: { compose: place.source, projects: new Map(found.map((file) => [file.project.id, file.place.source])) },
    counts: { projects: projects.length, agents: projects.reduce((sum, project) => sum + project.agents.length, 0) },
  }
}

function realRoot(root: string): string {
  try {
    return realpathSync(root)
  } catch {
    // Reported where the compose file is found missing.
    return resolve(root)
  }
}

/** Reads, parses and checks one file. `value` is null where nothing of it can be used. */
function readFile<T extends z.ZodType>(
  file: string,
  placeOf: (source: Source) => Place,
  schema: T,
  { out, read: readNow }: Reading,
  mention?: Place,
) {
  const read = readNow(file)
  const source = parseSource(file, 'text' in read ? read.text : '', out)
  const place = placeOf(source)
  if ('problem' in read) {
    if (mention === undefined) out.add(['@file'], diagnose(source, [0, 0], 'error', `the file ${read.problem}`, null))
    else mention.error(`the file ${file} ${read.problem}`, 'the path is relative to the team root')
    return { value: null, place }
  }
  return { value: source.document === null ? null : checkShape(schema, plainValue(source.document, place), place), place }
}

function readProject(file: string, scope: TeamScope, mention: Place, reading: Reading): ProjectFile | null {
  if (file.trim() === '' || file.includes('\0')) {
    mention.error('the path of the project file is empty or holds a NUL character')
    return null
  }
  const path = resolve(scope.root, file)
  const { value, place } = readFile(path, (source) => new Place(source, [], reading.out), projectSchema(scope.known), reading, mention)
  if (value === null) return null
  checkInside(scope.root, path, 'the project file', file, mention)
  const project = resolveProject(value, scope, place)
  tellUnused('project', place)
  for (const agent of project.agents) {
    const here = place.at(`${agent.role}s`, agent.id)
    tellUnused('agent', here)
    tellUnusedBy(agent.runtime, scope.known, agent.descriptor !== null, here)
  }
  return { project, place }
}

/** Only `.yaml`, as teamctl reads them; the name of the file is the name of the runtime. */
function readDescriptors(root: string, reading: Reading): Map<string, RuntimeDescriptor> {
  const found = new Map<string, RuntimeDescriptor>()
  for (const file of listFiles(join(root, 'runtimes'))) {
    const name = file.slice(0, -'.yaml'.length)
    const path = join(root, 'runtimes', file)
    const { value, place } = readFile(path, (source) => new Place(source, [], reading.out), descriptorSchema, reading)
    checkId('agent', name, place)
    if (value !== null) found.set(name, resolveDescriptor(name, value, place))
  }
  return found
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith('.yaml'))
      .toSorted()
  } catch {
    // No such folder: no descriptors.
    return []
  }
}

function checkDoubles(files: readonly ProjectFile[]): void {
  const owners = new Map<string, string>()
  for (const { project, place } of files) {
    const owner = owners.get(project.id)
    if (owner === undefined) owners.set(project.id, place.source.file)
    else if (owner === place.source.file)
      place.at('project', 'id').error(`the project file is named twice in ${composeFile}`, 'keep one of the two')
    else place.at('project', 'id').error(`the project id \`${project.id}\` is taken already`, `by ${owner}; choose another`)
  }
}

function agentPlace(files: readonly ProjectFile[], project: string, agent: string): Place {
  for (const file of files) {
    const member = file.project.id === project ? file.project.agents.find((each) => each.id === agent) : undefined
    if (member !== undefined) return file.place.at(`${member.role}s`, agent)
  }
  throw new TroupeError('internal', `no file declares ${project}:${agent}`)
}
