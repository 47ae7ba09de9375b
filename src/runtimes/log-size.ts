import { statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The terminal's log grows with everything the program shows: as long as it has not, its screen is what it was. null where there is
 * no log, or none that can be looked at: then the screen itself is, each time.
 */
export function logSize(agentFolder: string): number | null {
  try {
    return statSync(join(agentFolder, 'supervisor.log')).size
  } catch {
    return null // thrown on a tick, it would end the daemon
  }
}
