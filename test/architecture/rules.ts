import { cycles } from './cycles.ts'
import { depth, direction } from './direction.ts'
import { names } from './names.ts'
import { sizes } from './sizes.ts'
import type { Rule } from './source.ts'
import { environment, processes, runtimes, shells, sql } from './walls.ts'

export const rules = { direction, depth, cycles, sql, runtimes, environment, processes, shells, names, sizes } satisfies Record<string, Rule>
