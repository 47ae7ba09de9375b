import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

/**
 * A thread of its own for checkpoints (`wal.ts`): they sync two files, and the daemon's event loop must not wait for that.
 * Each message is one pass, answered when it is over. Ends when the other side says `null`.
 */
const database = new DatabaseSync(String(workerData))
const pass = database.prepare('pragma wal_checkpoint(passive)')

parentPort?.on('message', (message: 'pass' | null) => {
  if (message === null) {
    database.close()
    parentPort?.close()
    return
  }
  try {
    pass.get()
  } catch {
    // A full or broken disk: the log only grows meanwhile, and the next commit says what is wrong.
  }
  parentPort?.postMessage('over')
})
