import { existsSync, realpathSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { isInside } from '../../util/open-regular.ts'
import type { Place } from '../place.ts'
import { printable } from './names.ts'

/**
 * A file that the team's YAML names, absolute. It must exist, and where its written path lies inside
 * the root, no symlink may lead out of it.
 */
export function checkFile(root: string, written: string, what: string, place: Place, kind: 'file' | 'folder' = 'file'): string {
  const path = resolve(root, written)
  const shown = printable(written)
  if (written.includes('\0')) place.error(`${what} holds a NUL character`)
  else if (!existsSync(path))
    place.error(`${what} \`${shown}\` does not exist`, `create ${path}, or correct the path (it is relative to the team root)`)
  else if (kind === 'file' ? !statSync(path).isFile() : !statSync(path).isDirectory())
    place.error(`${what} \`${shown}\` is not a ${kind}`)
  else checkInside(root, path, what, shown, place)
  return path
}

export function checkInside(root: string, path: string, what: string, shown: string, place: Place): void {
  if (isInside(root, path) && !isInside(root, realpathSync(path))) {
    place.error(`${what} \`${shown}\` is a link that leads out of the team root`, 'name the real path, so that everybody sees it')
  }
}

/** A folder agents work in. It may still have to be made. */
export function workingFolder(base: string, written: string, place: Place): string {
  const path = resolve(base, written)
  if (written.includes('\0')) place.error('the working directory holds a NUL character')
  else if (written.trim() === '') place.error('the working directory is empty', 'write `.` for the folder itself')
  else if (!existsSync(path)) place.warning(`the working directory ${path} does not exist: no agent can start in it`, `mkdir -p ${path}`)
  else if (!statSync(path).isDirectory()) place.error(`the working directory \`${printable(written)}\` is not a folder`)
  return path
}

/** `$HOME` and `~` at the start of a path stand for the home folder; nothing else is expanded anywhere. */
export function fromHome(root: string, written: string): string {
  return resolve(
    root,
    written.replace(/^(\$HOME|~)(?=\/|$)/, () => homedir()),
  )
}
