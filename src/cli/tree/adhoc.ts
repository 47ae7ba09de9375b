import { providerWords } from '../../runtimes/provider-words.ts'
import type { Group } from './command.ts'
import { reading } from './reading.ts'
import { watch } from './syntax.ts'

const [someProvider] = providerWords

/** What can be said of a team from one command line. */
export const teamOptions: [string, string][] = [
  ['-p, --provider <provider>', `${providerWords.join(', ')}; left out, your default, else the only one that can be used here`],
  ['-m, --model <model>', 'model of the lead; left out, your default for that provider, else its own'],
  ['--worker-mode <mode>', 'interactive or oneshot: how workers run where nobody says otherwise (default interactive)'],
  ['--permissions <mode>', 'plan, confirm, manual, auto or bypass (default auto)'],
  ['--max-workers <count>', 'workers that are at work at a time (default 6)'],
  ['-w, --working-dir <dir>', 'where the team works (default: here)'],
  ['--cwd <dir>', 'the same as --working-dir'],
  ['--worktree', 'a git worktree of its own for each worker'],
  ['--rehearsal <scenario>', 'the scripted model answers instead of a real one: no account, no cost'],
]

const teamArg: [string, string] = ['<team>', 'its name, or the beginning of it']

export const adhoc: Group = {
  title: 'Teams from one command line',
  commands: [
    {
      name: 'new',
      about: 'Make a team of a lead and its workers, and start it',
      args: [['<name>', 'letters, digits, _ and -']],
      options: [...teamOptions, ['--timeout <duration>', 'how long the lead may take to be ready (default 2m)']],
      examples: [
        ['new shop', 'with the agent CLI that can be used here; the lead works in this folder'],
        [`new shop -p ${someProvider} --max-workers 3`, 'says which, and how many workers at a time'],
        ['new try -p scripted --rehearsal hello', 'offline, with troupe’s own agent'],
      ],
      more: 'The team stands below ~/.troupe/teams (TROUPE_HOME, or XDG_DATA_HOME), is an ordinary team in everything, and becomes the current one. Nothing of it stays where its lead does not come up. docs/adhoc.md tells more.',
      run: async (cli, given) => (await import('../commands/new.ts')).create(cli, given),
    },
    {
      name: 'prompt',
      about: 'Say something to the lead of the team; the word prompt can be left out',
      args: [['[text...]', 'what you want; - reads it from stdin']],
      options: [['--file <file>', 'read the text from a file; - is stdin']],
      examples: [
        ['"write the missing tests"', 'the word itself is not needed'],
        ['-T shop --json "what is left to do?"', 'flags may stand before it'],
        ['-- "-v is broken"', 'text that begins with a dash'],
        ['git diff | troupe -', 'text from a pipe'],
      ],
      more: 'One word that nearly is a command is refused: say troupe prompt WORD where it is meant. Waits up to ten seconds for the proof that the lead has it, and says how far it came.',
      run: async (cli, given) => (await import('../commands/prompt.ts')).prompt(cli, given),
    },
    {
      name: 'status',
      about: 'Show each agent with its provider, its task, how long that takes or took, and what is wrong',
      args: [['[worker]', 'only this agent; the beginning of its name is enough']],
      options: [['-v, --verbose', 'and the last lines of each terminal'], watch],
      examples: [
        ['status', 'the whole team'],
        ['status -v --watch', 'and what their terminals show, as it changes'],
        ['status fix --watch', 'one worker, until Ctrl-C'],
        ['status --json', 'the rows of ps with name, provider, status, elapsedMs, error'],
      ],
      run: reading(async (cli, given) => (await import('../commands/status.ts')).status(cli, given)),
    },
    {
      name: 'standup',
      about: 'Ask the lead how far everybody is, and print its report',
      options: [['--timeout <duration>', 'how long to wait for it (default 3m)']],
      examples: [['standup', 'the report is kept in state/standups of the team']],
      more: 'Where the lead writes no report, the last words of its terminal are shown, and that is said. Exit code 5 if there was neither in time.',
      run: async (cli, given) => (await import('../commands/standup.ts')).standup(cli, given),
    },
    {
      name: 'list',
      alias: 'ls',
      about: 'Show every team that has a name: its provider, whether it runs, which one is current',
      examples: [
        ['list', 'starts nothing'],
        ['list --json', 'the same for scripts'],
      ],
      run: async (cli) => (await import('../commands/teams.ts')).list(cli),
    },
    {
      name: 'use',
      about: 'Make a team the current one',
      args: [teamArg],
      examples: [['use shop', 'commands in any folder without a team go there; -T does so for one command']],
      run: async (cli, given) => (await import('../commands/teams.ts')).use(cli, given),
    },
    {
      name: 'delete',
      about: 'End a team that `new` made and remove it, with its mail and its logs',
      args: [teamArg],
      options: [['-y, --yes', 'ask nothing']],
      examples: [['delete shop', 'asks first; what the team made where it worked stays']],
      run: async (cli, given) => (await import('../commands/teams.ts')).remove(cli, given),
    },
    {
      name: 'defaults',
      about: 'Show what new teams get where the command line does not say',
      examples: [
        ['defaults', 'and in which file they stand'],
        [`defaults set provider ${someProvider}`, 'taken by new from now on'],
      ],
      run: async (cli) => (await import('../commands/defaults.ts')).show(cli),
      commands: [
        {
          name: 'set',
          about: 'Set one of them',
          args: [
            ['<key>', 'provider, model, permissions, worker-mode or max-workers'],
            ['<value>', 'a model belongs to the default provider, and goes to no other'],
          ],
          examples: [['defaults set max-workers 3', 'for teams that are made from now on']],
          run: async (cli, given) => (await import('../commands/defaults.ts')).set(cli, given),
        },
        {
          name: 'unset',
          about: 'Forget one of them',
          args: [['<key>', 'provider, model, permissions, worker-mode or max-workers']],
          examples: [['defaults unset provider', 'and its model']],
          run: async (cli, given) => (await import('../commands/defaults.ts')).unset(cli, given),
        },
      ],
    },
  ],
}
