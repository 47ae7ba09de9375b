import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { count, thousands } from '../text.ts'

export async function gc({ out, call }: Cli, given: Given): Promise<void> {
  const dryRun = given.flag('dryRun')
  const found = await call('gc', { project: given.text('project') ?? null, dryRun }, 'looking for what is over')
  const parts = [
    `${thousands(found.messages)} acked message${found.messages === 1 ? '' : 's'} removed`,
    `${count(found.approvals, 'approval')} removed`,
    `${count(found.bridges, 'bridge')} removed`,
    `${count(found.files, 'file')} removed (${thousands(found.bytes)} bytes)`,
    ...(found.worktrees === 0 ? [] : [`${count(found.worktrees, 'worktree')} removed`]),
    ...(found.homes === 0 ? [] : [`${count(found.homes, 'home')} of agents that left removed`]),
  ]
  out.show(found, () => out.line(`gc · ${parts.join(' · ')}${dryRun ? ' (dry run)' : ''}`))
}
