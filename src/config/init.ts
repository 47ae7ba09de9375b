import { existsSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { TroupeError } from '../core/error.ts'
import type { Known } from './known.ts'
import { composeFile } from './paths.ts'
import { jsonSchema } from './schema/json.ts'
import { blankProjectText, composeText, devText, exampleEnvText, ignoreText, managerText, projectText, readmeText } from './template.ts'

export interface InitOptions {
  /** Absolute; the folder the command runs in. */
  cwd: string
  /** `init NAME`: the team goes to `<cwd>/NAME/.team`; left out, to `<cwd>/.team`. */
  name?: string | undefined
  /** Project id, taken as it is. */
  project?: string | undefined
  /** Overwrite the files that the template has; other files stay. */
  force?: boolean | undefined
  /** `solo`, a manager and a worker; `blank`, a project with nobody in it. */
  template?: Template | undefined
  /** What agents run on, where it is not what they run on anyway. */
  runtime?: string | undefined
  known: Known
}

export const templates = ['solo', 'blank'] as const
export type Template = (typeof templates)[number]

export interface Scaffold {
  /** Absolute: the new team root. */
  root: string
  project: string
  template: Template
  /** Absolute paths, in the order to write them: the compose file last, so that half a team is no team. */
  files: { path: string; text: string }[]
}

/** The files of a new team. Writes nothing. Throws `conflict` if there is a team. */
export function scaffold(options: InitOptions): Scaffold {
  const home = options.name === undefined ? options.cwd : resolve(options.cwd, options.name)
  const root = join(home, '.team')
  if (existsSync(root) && options.force !== true) {
    throw new TroupeError('conflict', `${root} is there already`, {
      hint: 'another folder, or --force to write the template over it (other files stay)',
    })
  }
  const project = projectId(options, home)
  const blank = options.template === 'blank'
  const files: [string, string][] = [
    ['schema/team-compose.json', json(jsonSchema('compose', options.known))],
    ['schema/project.json', json(jsonSchema('project', options.known))],
    ...(blank ? [] : ([['roles/manager.md', managerText], ['roles/dev.md', devText]] satisfies [string, string][])),
    ['.gitignore', ignoreText],
    ['.env.example', exampleEnvText],
    ['README.md', readmeText(titleCase(project))],
    [`projects/${project}.yaml`, (blank ? blankProjectText : projectText)(project, titleCase(project), options.runtime)],
    [composeFile, composeText(project)],
  ]
  return { root, project, template: options.template ?? 'solo', files: files.map(([path, text]) => ({ path: join(root, path), text })) }
}

function projectId({ project, name }: InitOptions, home: string): string {
  if (project === undefined) return slug(name === undefined ? '' : basename(name)) || slug(basename(home)) || 'main'
  if (/^[A-Za-z0-9._-]{1,100}$/.test(project) && !/^\.+$/.test(project)) return project
  throw new TroupeError('usage', 'a project id holds letters, digits, `.`, `_` and `-` only, at most 100', {
    hint: `--project ${slug(project) || 'main'}`,
  })
}

/** `My Team!` → `my-team`; empty where nothing is left. */
export function slug(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 60)
}

/** `my-team` → `My Team` */
export function titleCase(id: string): string {
  return id
    .split(/[-_.]+/)
    .filter((word) => word !== '')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ')
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

/** Relative where that is a path downwards. */
function shortest(path: string, cwd: string): string {
  const way = relative(cwd, path)
  return way.startsWith('..') ? path : way
}

function shownWord(text: string): string {
  return /^[\w.+/-]+$/.test(text) ? text : JSON.stringify(text)
}

/** Where a person goes on: shown after the files are written. */
export function nextSteps({ root, project, template }: Scaffold, cwd: string): string[] {
  const home = dirname(root)
  return [
    ...(home === cwd ? [] : [`cd ${shownWord(shortest(home, cwd))}`]),
    ...(template === 'blank' ? [`$EDITOR .team/projects/${project}.yaml`] : []),
    'troupe validate',
    'troupe up',
    ...(template === 'blank' ? [] : ['troupe send manager "hello"']),
  ]
}
