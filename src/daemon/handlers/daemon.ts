import { programVersion, protocolVersion } from '../../api/index.ts'
import { isPassedOn } from '../../config/environment.ts'
import { scrubber } from '../../core/scrub.ts'
import type { Handlers } from '../daemon.ts'
import { checkBeside } from '../../util/check-beside.ts'
import type { Parts } from '../parts.ts'

export function daemon(parts: Parts): Pick<Handlers, 'daemon.status' | 'daemon.check' | 'daemon.scrub' | 'daemon.stop' | 'daemon.token'> {
  return {
    'daemon.status': async () => ({
      pid: process.pid,
      root: parts.paths.root,
      since: parts.since,
      address: parts.front().url,
      version: programVersion,
      protocol: protocolVersion,
      keeper: parts.front().keeper(),
      agents: parts.agents.all().filter((state) => state.incarnation !== null).length,
      store: `${parts.store.engine} ${parts.store.where}`,
    }),
    'daemon.check': async () => {
      if (parts.store.engine === 'sqlite') return await checkBeside(parts.store.where)
      await parts.store.read((db) => db.events.head())
      return { ok: true, why: 'the database answers; PostgreSQL checks itself' }
    },
    'daemon.scrub': async ({ text }) => {
      const held = Object.entries(parts.front().held.values?.env ?? {}).filter(([name]) => !isPassedOn(name))
      return { text: scrubber([...held.map(([, value]) => value), parts.token()])(text) }
    },
    'daemon.stop': async () => {
      parts.finish()
      return { pid: process.pid }
    },
    'daemon.token': async () => ({ url: parts.front().url, token: parts.token() }),
  }
}
