import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe } from 'vitest'
import { storeContract } from './store.ts'

describe('the store on SQLite', () => {
  storeContract(async (root) => {
    const path = join(root, 'state/mailbox.db')
    return {
      root,
      broker: { type: 'sqlite', path },
      env: {},
      async tamper(statement) {
        const db = new DatabaseSync(path)
        db.exec(statement)
        db.close()
      },
    }
  })
})
