import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { teamPaths } from '../../src/config/paths.ts'
import { run } from '../../src/util/spawn.ts'
import { team, Troupe } from '../e2e/troupe.ts'

const processes = 50
/** Of each process; ten times as many with TROUPE_FAULTS=full. */
const writes = process.env['TROUPE_FAULTS'] === 'full' ? 10_000 : 1_000

it(`T28: takes ${writes} writes of each of ${processes} processes at once, every acknowledged one once, in a sound database`, async () => {
  const troupe = new Troupe(team({ a: {} }))
  await troupe.ok('up')
  await troupe.ok('stop', 'a')
  const writer = join(troupe.folder, 'writer.mjs')
  await build({ entryPoints: [fileURLToPath(new URL('crowd-writer.ts', import.meta.url))], outfile: writer, bundle: true, platform: 'node', format: 'esm', logLevel: 'silent' })
  const socket = teamPaths(troupe.root).operatorSocket
  const one = async (name: string): Promise<[string, string][]> => {
    const ran = await run([process.execPath, writer, '--socket', socket, '--name', name, '--count', String(writes)], { outputBytes: 16 * 1024 * 1024 })
    expect(ran.code, ran.stderr).toBe(0)
    return Object.entries(JSON.parse(ran.stdout) as Record<string, string>)
  }
  const acknowledged = (await Promise.all(Array.from({ length: processes }, (_, index) => one(`w${index}`)))).flat()
  expect(acknowledged).toHaveLength(processes * writes)
  await troupe.ok('audit', 'verify')
  await troupe.ok('down')

  const database = new DatabaseSync(join(troupe.root, 'state', 'mailbox.db'), { readOnly: true })
  expect(database.prepare('pragma integrity_check').all().map((row) => Object.values(row))).toEqual([['ok']])
  const rows = database.prepare('select id, n, body from messages order by n').all() as { id: string; n: number; body: string }[]
  database.close()
  expect(rows).toHaveLength(acknowledged.length)
  expect(rows.every(({ n }, index) => n === index + 1)).toBe(true)
  const ids = new Map(rows.map(({ id, body }) => [body, id]))
  expect(ids.size).toBe(rows.length)
  expect(acknowledged.filter(([text, id]) => ids.get(text) !== id)).toEqual([])
}, 1_800_000)
