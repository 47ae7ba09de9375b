import { TroupeError } from '../../core/error.ts'
import { nearest } from '../../core/nearest.ts'
import { backUp } from '../backup.ts'
import { importTeamctl } from '../import-teamctl.ts'
import { namedFiles } from '../named-files.ts'
import type { Handlers } from '../daemon.ts'
import type { Parts } from '../parts.ts'

/** What keeps a root small and safe. */
export function housekeeping(parts: Parts): Pick<Handlers, 'gc' | 'backup' | 'import.teamctl'> {
  return {
    gc: async ({ project, dryRun }) => {
      const ids = parts.team().projects.map(({ id }) => id)
      if (project !== null && !ids.includes(project)) {
        const meant = nearest(project, ids)
        throw new TroupeError('unknown', `there is no project ${JSON.stringify(project)}`, { hint: meant === undefined ? `one of ${ids.join(', ')}` : meant })
      }
      return { ...(await parts.janitor.sweep({ project, dryRun })), dryRun }
    },
    'import.teamctl': async ({ path, dryRun }) => await importTeamctl(parts, path, dryRun),
    // Beside gc files would go that the database's copy still names.
    backup: async ({ to, withEnv }) => await parts.janitor.alone(async () => await backUp(parts, to, withEnv, namedFiles(parts.paths.root, parts.desired.known ? parts.team() : null))),
  }
}
