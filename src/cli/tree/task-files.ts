import type { Group } from './command.ts'

const file: [string, string] = ['<file>', 'a Markdown file with lines such as: - [ ] what is to be done']

export const taskFiles: Group = {
  title: 'Task files',
  commands: [
    {
      name: 'run',
      about: 'Hand the open tasks of a Markdown file to workers, and write into it who works on what',
      args: [file],
      options: [
        ['--dry-run', 'check everything and say what would be handed over'],
        ['--watch', 'stay until all of them have ended, tell what changes, and write it into the file'],
        ['--rerun', 'also begin those again that have ended, in the conversations they had'],
        ['--retry', 'also begin those again that failed'],
        ['-l, --limit <count>', 'hand over at most this many now'],
        ['--worktree', 'a git worktree for each worker, where the file does not say otherwise'],
        ['--project <project>', 'where the team has several'],
      ],
      examples: [
        ['run TODO.md --dry-run', 'mistakes with line and column; nothing starts'],
        ['run TODO.md --watch', 'exit 0: all done, 1: one is not'],
      ],
      more: 'All of them are handed over at once, and the same file a second time hands nothing over twice. Beyond max_workers tasks wait for their turn. docs/task-files.md tells what can stand in a file.',
      run: async (cli, given) => await (await import('../commands/run.ts')).run(cli, given),
    },
    {
      name: 'sync',
      about: 'Write into a task file how its tasks stand: ticks and arrows, and nothing else',
      args: [file],
      examples: [['sync TODO.md', 'what run --watch does as it goes']],
      run: async (cli, given) => await (await import('../commands/sync.ts')).sync(cli, given),
    },
  ],
}
