import type { Command } from './command.ts'

const dropIgnored: [string, string] = ['--drop-ignored', 'files that git ignores may go']

export const worktree: Command = {
  name: 'worktree',
  about: 'Look at the worktrees of agents, and remove them without losing anything',
  commands: [
    {
      name: 'ls',
      alias: 'list',
      about: 'Show the worktrees that troupe made, and why each of them stays',
      examples: [['worktree ls', 'where they are, and what still stands in them']],
      run: async (cli, given) => (await import('../commands/worktree.ts')).list(cli, given),
    },
    {
      name: 'rm',
      alias: 'remove',
      about: 'Remove the worktree of one agent, and its branch where another one has all of it',
      args: [['<agent>', 'its agent, branch or folder']],
      options: [dropIgnored, ['--force', 'also with work in it: everything is copied into one file first, and commits stay on their branch']],
      examples: [['worktree rm writer', 'refused while anything of it would be lost, with what to do'], ['worktree rm writer --force', 'prints where the copy is']],
      more: 'What is locked or in use stays in any case.',
      run: async (cli, given) => (await import('../commands/worktree.ts')).remove(cli, given),
    },
    {
      name: 'prune',
      about: 'Remove the worktrees of agents that left the team, where nothing would be lost',
      options: [dropIgnored, ['--dry-run', 'say which, and remove nothing']],
      examples: [['worktree prune --dry-run', 'what would go, and why the others stay']],
      more: 'gc does it too, four times a day, without --drop-ignored.',
      run: async (cli, given) => (await import('../commands/worktree.ts')).prune(cli, given),
    },
  ],
}
