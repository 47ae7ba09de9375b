import { relative } from 'node:path'
import type { Origins } from './load.ts'
import { locate, locateNearest, type Path } from './source.ts'
import type { Naming } from './variables.ts'

/** `projects/hello.yaml:12` for a path in a project's file (`project` null: in team-compose.yaml), or for the nearest place above it. */
export function placeIn(root: string, origins: Origins, project: string | null, path: Path): string | null {
  const source = project === null ? origins.compose : origins.projects.get(project)
  if (source === undefined) return null
  for (let length = path.length; length > 0; length--) {
    const found = locate(source, path.slice(0, length))
    if (found !== null) return `${relative(root, source.file)}:${source.lines.linePos(found.key[0]).line}`
  }
  return relative(root, source.file)
}

/** Where a variable is named; the file is relative to the root. */
export function placeOf(root: string, origins: Origins, { project, path }: Naming): { file: string; line: number } {
  const source = (project === null ? undefined : origins.projects.get(project)) ?? origins.compose
  return { file: relative(root, source.file), line: source.lines.linePos(locateNearest(source, path).value[0]).line }
}
