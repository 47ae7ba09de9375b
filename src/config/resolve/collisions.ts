import type { Project } from '../../core/team.ts'
import type { Place } from '../place.ts'

/**
 * Files and terminal sessions are called `<project>-<agent>`, and tmux turns `.` and `:` into `_`. Two agents
 * that come out the same would write into each other's files.
 */
export function checkCollisions(projects: readonly Project[], placeOf: (project: string, agent: string) => Place): void {
  const owners = new Map<string, { address: string; file: string }>()
  for (const { id, agents } of projects) {
    for (const agent of agents) {
      const file = `${id}-${agent.id}`
      const session = file.replaceAll(/[.:]/g, '_')
      const owner = owners.get(session)
      if (owner === undefined) owners.set(session, { address: agent.address, file })
      else if (owner.address !== agent.address) {
        const what = owner.file === file ? `file and terminal name \`${file}\`` : `terminal name \`${session}\``
        placeOf(id, agent.id).errorAtKey(
          `\`${agent.address}\` and \`${owner.address}\` come to the same ${what}`,
          'rename one of the two',
        )
      }
    }
  }
}
