import type { Known } from '../config/known.ts'
import { runtimeNames } from '../runtimes/index.ts'
import { supervisorNames } from '../supervisors/index.ts'
import { gatewayNames } from '../gateways/index.ts'

/** The words that the plug-in folders add to YAML. */
export const known: Known = { runtimes: runtimeNames, supervisors: supervisorNames, gateways: gatewayNames }
