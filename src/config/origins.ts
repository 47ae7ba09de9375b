import { relative } from 'node:path'
import { Document, isCollection, isMap, isPair, isScalar, isSeq } from 'yaml'
import type { Team } from '../core/team.ts'
import type { Origins } from './load.ts'
import { locate, locateNearest, type Path, type Source } from './source.ts'
import { teamView } from './view.ts'

/** What `troupe config` prints: the resolved team as YAML, each value with the place it comes from. */
export function renderConfig(team: Team, origins: Origins): string {
  const document = new Document(teamView(team))
  document.commentBefore = ` team root: ${JSON.stringify(team.root)}`
  mark(document.contents, [], (path) => originOf(team, origins, path))
  return document.toString({ lineWidth: 0 })
}

/** `projects/hello.yaml:12`, or `default` for what no file says. Paths are those of `teamView`. */
function originOf(team: Team, origins: Origins, path: Path): string {
  const [first, index, ...rest] = path
  if (first !== 'projects') return lineOf(team.root, origins.compose, path)
  const project = typeof index === 'number' ? team.projects[index] : undefined
  const source = project === undefined ? undefined : origins.projects.get(project.id)
  return source === undefined ? 'default' : lineOf(team.root, source, rest)
}

function lineOf(root: string, source: Source, path: Path): string {
  const found = locate(source, path)
  return found === null ? 'default' : `${relative(root, source.file)}:${source.lines.linePos(found.key[0]).line}`
}

/** Comments every value that has no parts with names of their own; lists of plain values count as one. */
function mark(node: unknown, path: Path, origin: (path: Path) => string): void {
  if (isCollection(node) && (node.items.length === 0 || (isSeq(node) && node.items.every(isScalar)))) node.flow = true
  if (isScalar(node) || (isCollection(node) && node.flow === true)) {
    node.comment = ` ${origin(path)}`
  } else if (isMap(node)) {
    for (const pair of node.items)
      if (isPair(pair) && isScalar(pair.key)) mark(pair.value, [...path, String(pair.key.value)], origin)
  } else if (isSeq(node)) node.items.forEach((item, index) => mark(item, [...path, index], origin))
}

/** `projects/hello.yaml:12`, or where the file says what the value belongs to, as a default; null where it says nothing of it. */
export function placeOf(root: string, origins: Origins, at: { project: string | null; path: Path }): string | null {
  const source = at.project === null ? origins.compose : origins.projects.get(at.project)
  if (source === undefined) return null
  const line = (offset: number): string => `${relative(root, source.file)}:${source.lines.linePos(offset).line}`
  const found = locate(source, at.path)
  if (found !== null) return line(found.key[0])
  const { key } = locateNearest(source, at.path)
  return at.path.length > 1 && key[0] > 0 ? `a default of ${line(key[0])}` : null
}
