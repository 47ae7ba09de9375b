import { fine, wrong, type Finding, type Setting } from './finding.ts'

/** Files that decide what agents may do and that something else than troupe has changed since the team was applied. */
export async function changedFiles({ daemon, call }: Setting): Promise<Finding[]> {
  if (daemon === null) return []
  const since = (await call('audit.log', { type: 'team.applied', limit: 1 })).at(-1)?.at ?? 0
  const changed = await call('audit.log', { type: 'file.changed', since, limit: 1000 })
  const files = [...new Set(changed.map(({ subject }) => subject))]
  if (files.length === 0) return [fine('changed files', 'none that decides what agents may do was changed since the team was applied')]
  const atWork = [...new Set(changed.flatMap(({ data }) => (Array.isArray(data['atWork']) ? data['atWork'].map(String) : [])))]
  const who = atWork.length === 0 ? 'nobody was at work' : `at work then: ${atWork.join(', ')}`
  return [wrong('changed files', `changed by something else than troupe since the team was applied: ${files.join(', ')} (${who})`, 'look whether it was you; troupe audit log --type file.changed tells when')]
}
