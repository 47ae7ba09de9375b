import { count } from '../text.ts'
import { fine, wrong, type Finding, type Setting } from './finding.ts'

/** The database, which only its daemon writes. SQLite alone tells of another one. */
export async function changedDatabase({ daemon, call }: Setting): Promise<Finding[]> {
  if (daemon === null) return []
  const written = await call('audit.log', { type: 'store.foreign_write', since: await appliedAt(call), limit: 1000 })
  if (written.length === 0) return []
  const what = `${written[0]?.subject ?? ''} was written to by something else than its daemon since the team was applied, ${count(written.length, 'time')}`
  return [wrong('database', what, 'look whether it was you; troupe audit verify shows whether the journal is whole, troupe audit log --type store.foreign_write when it was noticed')]
}

async function appliedAt(call: Setting['call']): Promise<number> {
  return (await call('audit.log', { type: 'team.applied', limit: 1 })).at(-1)?.at ?? 0
}

/** Files that decide what agents may do and that something else than troupe has changed since the team was applied. */
export async function changedFiles({ daemon, call }: Setting): Promise<Finding[]> {
  if (daemon === null) return []
  const changed = await call('audit.log', { type: 'file.changed', since: await appliedAt(call), limit: 1000 })
  const files = [...new Set(changed.map(({ subject }) => subject))]
  if (files.length === 0) return [fine('changed files', 'none that decides what agents may do was changed since the team was applied')]
  const atWork = [...new Set(changed.flatMap(({ data }) => (Array.isArray(data['atWork']) ? data['atWork'].map(String) : [])))]
  const who = atWork.length === 0 ? 'nobody was at work' : `at work then: ${atWork.join(', ')}`
  return [wrong('changed files', `changed by something else than troupe since the team was applied: ${files.join(', ')} (${who})`, 'look whether it was you; troupe audit log --type file.changed tells when')]
}
