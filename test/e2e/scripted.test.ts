import { describe } from 'vitest'
import { slice } from './slice.ts'
import { pair, Troupe } from './troupe.ts'

describe('two scripted agents, SQLite', () => {
  slice(() => new Troupe(pair()))
})
