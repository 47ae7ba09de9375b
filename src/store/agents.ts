import type { Selectable } from 'kysely'
import type { Duty } from '../core/duty.ts'
import type { AgentState, Evidence, Phase } from '../core/phase.ts'
import type { RestartState } from '../core/restart.ts'
import type { Db } from './engine.ts'
import type { AgentTable, Written } from './schema.ts'
import type { AgentsReader, Tx } from './store.ts'

export function agentsReader(db: Db, team: string): AgentsReader {
  const all = () => db.selectFrom('agents').selectAll().where('team', '=', team)
  return {
    async all() {
      return (await all().orderBy('address').execute()).map(readAgent)
    },
    async get(address) {
      const row = await all().where('address', '=', address).executeTakeFirst()
      return row && readAgent(row)
    },
  }
}

export function agentsWriter(db: Db, by: Written): Tx['agents'] {
  return {
    ...agentsReader(db, by.team),
    async put(state) {
      const { team, address, ...values } = agentRow(by, state)
      await db
        .insertInto('agents')
        .values({ team, address, ...values })
        .onConflict((conflict) => conflict.columns(['team', 'address']).doUpdateSet(values))
        .execute()
    },
    async remove(address) {
      await db.deleteFrom('agents').where('team', '=', by.team).where('address', '=', address).execute()
    },
  }
}

function readAgent(row: Selectable<AgentTable>): AgentState {
  return {
    address: row.address,
    wanted: row.wanted as AgentState['wanted'],
    phase: JSON.parse(row.phase) as Phase,
    since: row.since,
    evidence: JSON.parse(row.evidence) as Evidence[],
    incarnation: row.incarnation,
    restarts: JSON.parse(row.restarts) as RestartState,
    session: row.session,
    ...(row.duty === null ? {} : { duty: JSON.parse(row.duty) as Duty }),
  }
}

function agentRow(by: Written, state: AgentState): AgentTable {
  return {
    ...by,
    address: state.address,
    wanted: state.wanted,
    phase: JSON.stringify(state.phase),
    since: state.since,
    evidence: JSON.stringify(state.evidence),
    incarnation: state.incarnation,
    restarts: JSON.stringify(state.restarts),
    session: state.session,
    duty: state.duty === undefined ? null : JSON.stringify(state.duty),
  }
}
