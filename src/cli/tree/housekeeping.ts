import type { Group } from './command.ts'
import { worktree } from './worktrees.ts'

export const housekeeping: Group = {
  title: 'Housekeeping',
  commands: [
    {
      name: 'gc',
      about: 'Remove acknowledged messages and what else is over',
      options: [
        ['--project <project>', 'only messages, approvals and bridges of this project'],
        ['--dry-run', 'count what would go, and remove nothing'],
      ],
      examples: [['gc --dry-run', 'what a run would remove now']],
      more: 'The daemon does it four times a day. Never what is not acknowledged, pending or open; budget.message_ttl_hours says what is old.',
      run: async (cli, given) => (await import('../commands/housekeeping.ts')).gc(cli, given),
    },
    worktree,
    {
      name: 'import',
      about: 'Bring in what another program kept',
      commands: [
        {
          name: 'teamctl',
          about: 'Mail, bridges and approvals of a mailbox of teamctl',
          args: [['[file]', 'its mailbox (default: this root’s own, which is set aside)']],
          options: [['--dry-run', 'say what would come, and store nothing']],
          examples: [['import teamctl', 'in a root that teamctl used'], ['import teamctl ~/old/.team/state/mailbox.db', 'of another one']],
          more: 'The file is only read, from a copy. Doing it again brings nothing twice.',
          run: async (cli, given) => (await import('../commands/import.ts')).teamctl(cli, given),
        },
        {
          name: 'agentic-team',
          about: 'Teams, defaults and workers of agentic-team',
          args: [['[dir]', 'its folder (default ~/.agentic-team)']],
          options: [['--dry-run', 'say what would come, and write nothing']],
          examples: [['import agentic-team', 'each of its teams becomes one of ours, stopped'], ['import agentic-team --dry-run', 'only look']],
          more: 'Its folder is only read. Teams that are there already stay as they are, and so do your own defaults; what its workers were is kept as history/agentic-team.json in the files of each team. Exit code 1 if a file could not be understood: the others are taken.',
          run: async (cli, given) => (await import('../commands/import-agentic-team.ts')).agenticTeam(cli, given),
        },
      ],
    },
    {
      name: 'backup',
      about: 'Copy everything that makes this team into a new folder, while it goes on',
      args: [['<folder>', 'a folder that is not there yet']],
      options: [['--with-env', 'the secrets of .env as well']],
      examples: [['backup /safe/team-monday', 'files, mail, attachments and journal, as of one moment']],
      run: async (cli, given) => (await import('../commands/backup.ts')).backup(cli, given),
    },
    {
      name: 'restore',
      about: 'Put a backup back, checked first',
      args: [['<folder>', 'what backup wrote']],
      options: [
        ['--to <dir>', 'root to put it into (default: where it came from)'],
        ['--force', 'also where a team is: what is there is set aside, nothing is removed'],
      ],
      examples: [['restore /safe/team-monday --to ~/elsewhere/.team', 'a second one; do not run both']],
      run: async (cli, given) => (await import('../commands/backup.ts')).restore(cli, given),
    },
  ],
}
