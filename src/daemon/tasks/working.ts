import type { Caller } from '../daemon.ts'
import { findAgent } from '../../core/team.ts'
import { writeTeamFile } from '../../config/workers.ts'
import type { ForeignChanges } from '../foreign-changes.ts'
import type { Ground } from '../ground.ts'
import type { Lives } from '../lives.ts'
import type { Mailing } from '../mailing.ts'
import { readFiles, type TeamFiles } from '../read-team.ts'
import { Conversations } from './conversations.ts'
import { Dispatcher } from './dispatcher.ts'
import type { Following } from './following.ts'
import { Orders } from './orders.ts'
import type { Tasks } from './tasks.ts'

export interface Working {
  tasks: Tasks
  orders: Orders
  dispatcher: Dispatcher
  following: Following
  teamFiles(): TeamFiles
  writeTeamFile(file: string, before: string, after: string): void
}

/** Workers and their tasks: orders come in, the dispatcher brings each to its worker, and it is followed to its end. */
export function working(ground: Ground, mail: Mailing, { lifecycle, changing }: Lives, told: Pick<Working, 'tasks' | 'following'>, foreign: () => Pick<ForeignChanges, 'wrote'>): Working {
  const { root, desired, healthOf, store, teamNow } = ground
  const teamFiles = (): TeamFiles => readFiles(root)
  const write = (file: string, before: string, after: string): void => {
    writeTeamFile(file, after)
    foreign().wrote(file, before, after)
  }
  const rehearses = (): boolean => desired.known && desired.team.rehearsal !== null
  const conversations = new Conversations({ ...ground, rehearses })
  const dispatcher = new Dispatcher({ ...ground, ...mail, ...told, lifecycle, changing, conversations, files: teamFiles, write, team: teamNow })
  const hiring = { root, files: teamFiles, healthOf, rehearses, conversations }
  const orders = new Orders({ store, desired, agents: ground.agents, hiring, tasks: told.tasks, files: teamFiles, edit: (work) => dispatcher.edit(work) })
  return { ...told, orders, dispatcher, teamFiles, writeTeamFile: write }
}

/** Which of the tools that are not for everyone an agent is offered. */
export function offered(ground: Pick<Ground, 'teamNow'>): (caller: Caller & { kind: 'agent' }, to: 'lead' | 'worker') => boolean {
  return ({ address }, to) => {
    const agent = findAgent(ground.teamNow(), address)
    return to === 'lead' ? agent?.canSpawn === true : agent?.spawned === true
  }
}
