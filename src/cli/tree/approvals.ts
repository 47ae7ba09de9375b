import type { Group } from './command.ts'
import { watch } from './syntax.ts'

const note: [string, string] = ['--note <text>', 'what the agent is told with it']

export const approvals: Group = {
  title: 'Approvals',
  commands: [
    {
      name: 'approvals',
      alias: 'pending',
      about: 'Show what waits for your decision',
      args: [['[id]', 'one of them, with the exact action']],
      options: [['--all', 'also what was decided, used and expired'], ['--agent <agent>', 'only of this agent'], watch],
      examples: [
        ['approvals', 'what waits'],
        ['approvals 3', 'what exactly would be done'],
        ['approvals --watch', 'and what comes, until Ctrl-C'],
      ],
      run: async (cli, given) => (await import('../commands/approvals.ts')).approvals(cli, given),
    },
    {
      name: 'approve',
      about: 'Allow one action, once',
      args: [['<id>', 'number or UUID']],
      options: [note, ['--passphrase-fd <n>', 'read the passphrase from this file descriptor, where hitl.confirm wants one']],
      examples: [['approve 3 --note "only the docs"', 'the agent goes on with exactly that action']],
      run: async (cli, given) => (await import('../commands/approvals.ts')).decide(cli, given, 'approve'),
    },
    {
      name: 'passphrase',
      about: 'Set the passphrase that approve asks for where hitl.confirm says so',
      options: [
        ['--passphrase-fd <n>', 'read the new one from this file descriptor'],
        ['--old-passphrase-fd <n>', 'and the one so far from this'],
      ],
      examples: [['passphrase', 'asked for twice at the terminal, and never shown']],
      run: async (cli, given) => (await import('../commands/passphrase.ts')).passphrase(cli, given),
    },
    {
      name: 'deny',
      about: 'Refuse one action',
      args: [['<id>', 'number or UUID']],
      options: [note],
      examples: [['deny 3 --note "run the tests first"', 'the agent is told why']],
      run: async (cli, given) => (await import('../commands/approvals.ts')).decide(cli, given, 'deny'),
    },
  ],
}
