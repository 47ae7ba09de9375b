import { existsSync } from 'node:fs'
import { programVersion, protocolVersion } from '../../api/index.ts'
import { isPassedOn } from '../../config/environment.ts'
import { masked, scrubber } from '../../core/scrub.ts'
import type { Handlers } from '../daemon.ts'
import { checkBeside } from '../../util/check-beside.ts'
import type { Parts } from '../parts.ts'

async function checkFile(file: string): Promise<{ ok: boolean; why: string }> {
  if (existsSync(file)) return await checkBeside(file)
  return { ok: false, why: `${file} was removed while the daemon has it open; nothing is stored any more` }
}

export function daemon(parts: Parts): Pick<Handlers, 'daemon.status' | 'daemon.check' | 'daemon.held' | 'daemon.scrub' | 'daemon.stop' | 'daemon.token'> {
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
      const { engine, where } = parts.store
      const found = engine === 'sqlite' ? await checkFile(where) : { ok: true, why: 'the database answers; PostgreSQL checks itself' }
      if (!found.ok) return found
      const journal = await parts.store.read((db) => db.events.verify())
      return journal.ok ? found : { ok: false, why: journal.seq === 0 ? journal.why : `${where}: the journal is broken at line ${journal.seq}: ${journal.why}` }
    },
    'daemon.scrub': async ({ text }) => {
      const held = Object.entries(parts.front().held.values?.env ?? {}).filter(([name]) => !isPassedOn(name))
      return { text: scrubber([...held.map(([, value]) => value), parts.token()])(text) }
    },
    'daemon.held': async ({ names }) => {
      const held = new Map(Object.entries(parts.front().held.values?.env ?? {}))
      return names.flatMap((name) => (held.has(name) ? [{ name, masked: masked(held.get(name) ?? '') }] : []))
    },
    'daemon.stop': async () => {
      parts.finish()
      return { pid: process.pid }
    },
    'daemon.token': async () => ({ url: parts.front().url, token: parts.token() }),
  }
}
