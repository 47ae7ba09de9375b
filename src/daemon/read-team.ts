import type { Known } from '../config/known.ts'
import { load } from '../config/load.ts'
import { teamOrThrow } from '../config/report.ts'
import type { Team } from '../core/team.ts'
import { gatewayNames } from '../gateways/index.ts'
import { runtimeNames } from '../runtimes/index.ts'
import { supervisorNames } from '../supervisors/index.ts'

const known: Known = { runtimes: runtimeNames, supervisors: supervisorNames, gateways: gatewayNames }

/** The team as its files say now. Throws `config` with every error and its place. */
export function readTeam(root: string): Team {
  return teamOrThrow(load(root, known))
}
