import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Is dist/ older than what it is made of? `demo` and `bench` run the built programs, and must not show an old state. */
export function distStale(root) {
  const built = changed(join(root, 'dist', 'troupe.cjs'))
  const sources = readdirSync(join(root, 'src'), { recursive: true }).map((file) => join(root, 'src', file))
  return [...sources, join(root, 'package-lock.json'), join(root, 'scripts', 'build.ts')].some((file) => changed(file) > built)
}

function changed(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
