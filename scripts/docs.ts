import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cliReference } from './docs/cli.ts'
import { configReference } from './docs/config.ts'
import { manPage } from './docs/man.ts'
import { runtimeTable } from './docs/runtimes.ts'

/** Writes the pages of docs/ that are made from the program itself; `--check` only says which are out of date. */
const folder = fileURLToPath(new URL('../docs/', import.meta.url))
const pages: Record<string, string> = { 'cli.md': cliReference(), 'config.md': configReference(), 'runtimes.md': await runtimeTable(), 'troupe.1': manPage() }

const stale = Object.entries(pages).filter(([name, text]) => !existsSync(join(folder, name)) || readFileSync(join(folder, name), 'utf8') !== text)
if (process.argv.includes('--check')) {
  for (const [name] of stale) process.stderr.write(`docs/${name} is out of date. Try: node scripts/docs.ts\n`)
  process.exitCode = stale.length === 0 ? 0 : 1
} else {
  for (const [name, text] of stale) writeFileSync(join(folder, name), text)
  process.stderr.write(stale.length === 0 ? 'docs: nothing to do\n' : `docs: wrote ${stale.map(([name]) => name).join(', ')}\n`)
}
