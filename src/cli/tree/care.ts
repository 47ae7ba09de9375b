import { providerWords } from '../../runtimes/provider-words.ts'
import type { Group } from './command.ts'

const since: [string, string] = ['--since <duration>', 'only lines of this time, such as 1h']

const [someProvider] = providerWords

export const care: Group = {
  title: 'When something is wrong',
  commands: [
    {
      name: 'doctor',
      about: 'Look for what is wrong with the machine, the team’s files and what runs',
      options: [
        ['-p, --provider <provider>', 'of the agent CLIs only this one; exit code 1 where it cannot be used'],
        ['--fix', 'mend what can be mended without loss: modes, left-over launch files and sockets; asks first'],
        ['-y, --yes', 'with --fix: ask nothing'],
        ['--drift', 'also: is each agent CLI a version that troupe was tested with?'],
      ],
      more: 'Every check is made, whatever another one found. Exit code 0: nothing is wrong; 1: something is, or, with `--drift`, a CLI is of another version than those that were tested; 2: the command line, or the folder of -C. A CLI that no agent of the team runs on is shown, and is no fault.',
      examples: [
        ['doctor', 'the machine, every agent CLI with version and login, the team, what runs; starts nothing'],
        [`doctor -p ${someProvider}`, 'can an agent run on it?'],
        ['doctor --drift', 'after an agent CLI was updated'],
        ['doctor --fix -y', 'mend what is safe to mend'],
      ],
      run: async (cli, given) => (await import('../commands/doctor.ts')).doctor(cli, given),
    },
    {
      name: 'audit',
      about: 'Read, check and export the journal',
      commands: [
        {
          name: 'log',
          about: 'Print lines of the journal with their place in the chain',
          options: [
            ['--agent <agent>', 'only of this agent'],
            ['--type <type>', 'a type such as agent.phase, or a family such as agent'],
            since,
            ['-n, --lines <count>', 'at most this many lines, at most 1000 (default 200)'],
          ],
          examples: [
            ['audit log --since 1h', 'the last hour'],
            ['audit log --agent dev --type agent.ended', 'every end of one agent'],
          ],
          run: async (cli, given) => (await import('../commands/audit.ts')).log(cli, given),
        },
        {
          name: 'verify',
          about: 'Recompute the hash chain; exit code 1 where it is broken',
          options: [['--head <hex>', 'a head that you kept: a line of audit head, or its hash']],
          examples: [['audit verify', 'was the journal changed by anybody'], ['audit verify --head "$(cat ~/head)"', 'also by somebody who computed all of it anew']],
          run: async (cli, given) => (await import('../commands/audit.ts')).verify(cli, given),
        },
        {
          name: 'head',
          about: 'Print where the journal ends, to be kept elsewhere',
          examples: [['audit head > ~/head', 'a line to keep where agents cannot write']],
          run: async (cli) => (await import('../commands/audit.ts')).printHead(cli),
        },
        {
          name: 'export',
          about: 'Write the journal as JSON, one line an event',
          args: [['<file>', 'a new file, or - for stdout']],
          options: [since],
          examples: [
            ['audit export journal.jsonl', 'all of it'],
            ['audit export - --since 1d', 'the last day to stdout'],
          ],
          run: async (cli, given) => (await import('../commands/audit.ts')).exportTo(cli, given),
        },
      ],
    },
    {
      name: 'support',
      about: 'Gather what a developer needs to know',
      commands: [
        {
          name: 'bundle',
          about: 'Write versions, findings, states and logs into one archive, without secrets',
          args: [['[file]', 'a new .tar.gz file (default: troupe-support-TIME.tar.gz here)']],
          examples: [['support bundle', 'look into it before you give it away: it holds what agents printed']],
          run: async (cli, given) => (await import('../commands/support.ts')).bundle(cli, given),
        },
      ],
    },
  ],
}
