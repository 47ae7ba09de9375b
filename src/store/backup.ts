import { closeSync, fsyncSync, openSync } from 'node:fs'
import { Worker } from 'node:worker_threads'

/** In a thread of its own: a large database takes seconds, and the daemon's event loop must not wait for that. */
const copying = `
const { DatabaseSync } = require('node:sqlite')
const { workerData: { from, to } } = require('node:worker_threads')
const database = new DatabaseSync(from, { readOnly: true, timeout: 5000 })
try {
  database.prepare('vacuum into ?').run(to)
} finally {
  database.close()
}
const copy = new DatabaseSync(to, { readOnly: true })
const found = Object.values(copy.prepare('pragma quick_check(1)').get())[0]
copy.close()
if (found !== 'ok') throw new Error('the copy of the database is damaged: ' + found)
`

/** A whole, checked copy of a SQLite database as of one moment, 0600 and on the disk; commits go on meanwhile. `to` must not be there. */
export async function copyDatabase(from: string, to: string): Promise<void> {
  closeSync(openSync(to, 'wx', 0o600))
  await new Promise<void>((resolve, reject) => {
    const worker = new Worker(copying, { eval: true, workerData: { from, to } })
    worker.once('error', reject)
    worker.once('exit', () => resolve())
  })
  const file = openSync(to, 'r+')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
