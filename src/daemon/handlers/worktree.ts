import type { KeptWorktree } from '../../core/worktree.ts'
import type { Output } from '../../api/index.ts'
import type { Handlers } from '../daemon.ts'
import type { Parts } from '../parts.ts'

type Names = 'worktree.list' | 'worktree.remove' | 'worktree.prune'

export function worktrees({ worktrees: all }: Parts): Pick<Handlers, Names> {
  return {
    'worktree.list': async () => (await all.list()).map(({ worktree, standing, reasons, declared }) => ({ ...shown(worktree), declared, missing: standing.missing, reasons })),
    'worktree.remove': async ({ name, force, dropIgnored }) => {
      const { worktree, backup } = await all.remove(name, { force, dropIgnored })
      return { worktree: shown(worktree), backup }
    },
    'worktree.prune': async ({ dropIgnored, dryRun }) => {
      const { removed, kept } = await all.prune({ dropIgnored }, dryRun)
      return { removed: removed.map(shown), kept: kept.map(({ worktree, reasons, declared }) => ({ ...shown(worktree), declared, reasons })), dryRun }
    },
  }
}

function shown({ agent, path, repository, branch, base, madeAt }: KeptWorktree): Output<'worktree.remove'>['worktree'] {
  return { agent, path, repository, branch, base, madeAt }
}
