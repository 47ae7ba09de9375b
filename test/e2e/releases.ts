import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../../src/util/spawn.ts'
import { dist } from './troupe.ts'

const fixtures = fileURLToPath(new URL('../fixtures/releases/', import.meta.url))

/** The newest release that was kept, and this one. */
export const last = readdirSync(fixtures).map((file) => file.replace('.tar.gz', '')).toSorted(byNumber).at(-1)!
export const current = (JSON.parse(readFileSync(join(dirname(dist), 'package.json'), 'utf8')) as { version: string }).version

/** An installed release: what npm makes of it, and how it goes. */
export interface Installed {
  folder: string
  program: string
  /** As `npm install -g` of this release: everything replaced, at the same place. */
  update(): void
  /** As a version manager that puts each release into a folder of its own. */
  uninstall(): void
}

/** Puts the last release into a folder below `folder`. */
export async function installLast(folder: string, name = 'installed'): Promise<Installed> {
  const place = join(folder, name)
  mkdirSync(place)
  const unpacked = await run(['tar', '-xzf', join(fixtures, `${last}.tar.gz`), '-C', place])
  if (unpacked.code !== 0) throw new Error(unpacked.stderr)
  const programs = join(place, 'dist')
  return {
    folder: place,
    program: join(programs, 'troupe.cjs'),
    update() {
      rmSync(programs, { recursive: true })
      cpSync(dist, programs, { recursive: true })
    },
    uninstall: () => rmSync(place, { recursive: true }),
  }
}

function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
