import type { Output as Answer } from '../../api/index.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { escapeLine } from '../text.ts'

type Reasons = Answer<'worktree.list'>[number]['reasons']

export async function list({ out, call }: Cli, _given: Given): Promise<void> {
  const rows = await call('worktree.list', {}, 'looking at the worktrees')
  out.show(rows, () => {
    if (rows.length === 0) return out.line('(no worktrees)')
    out.table(
      [{ head: 'AGENT', least: 8 }, { head: 'BRANCH', least: 8 }, { head: 'STAYS BECAUSE', least: 20 }, { head: 'FOLDER', least: 20 }],
      rows.map(({ agent, branch, path, declared, missing, reasons }) => [agent, branch, missing ? 'its folder is gone' : (whyOf(reasons) || (declared ? 'its agent is in the team' : '')), path]),
    )
  })
}

export async function remove({ out, call }: Cli, given: Given): Promise<void> {
  const done = await call('worktree.remove', { name: given.required('agent'), force: given.flag('force'), dropIgnored: given.flag('dropIgnored') }, 'removing the worktree')
  out.show(done, () => {
    out.line(`removed ${escapeLine(done.worktree.path)}`)
    if (done.backup !== null) out.line(`copy    ${escapeLine(done.backup)}`)
  })
}

export async function prune({ out, call }: Cli, given: Given): Promise<void> {
  const found = await call('worktree.prune', { dropIgnored: given.flag('dropIgnored'), dryRun: given.flag('dryRun') }, 'looking at the worktrees')
  out.show(found, () => {
    for (const { path } of found.removed) out.line(`${found.dryRun ? 'would go' : 'removed'}  ${escapeLine(path)}`)
    for (const { path, declared, reasons } of found.kept) out.line(`stays    ${escapeLine(path)}: ${escapeLine(whyOf(reasons) || (declared ? 'its agent is in the team' : 'it was used meanwhile'))}`)
    if (found.removed.length + found.kept.length === 0) out.say('There are no worktrees.')
  })
}

function whyOf(reasons: Reasons): string {
  return reasons.map(({ what }) => what).join('; ')
}
