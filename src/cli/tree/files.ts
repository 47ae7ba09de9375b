import { providerWords } from '../../runtimes/provider-words.ts'
import { teamOptions } from './adhoc.ts'
import type { Group } from './command.ts'
import { reading } from './reading.ts'

export const files: Group = {
  title: 'Files of the team',
  commands: [
    {
      name: 'init',
      about: 'Write the files of a new team',
      args: [['[dir]', 'folder to put .team/ into (default: here)']],
      options: [
        ['--template <name>', 'solo, a manager and a worker (default), or blank, nobody yet'],
        ['--project <id>', 'id of its project (default: from the folder’s name)'],
        ['--force', 'write over files that are there; other files stay'],
        ['-y, --yes', 'ask nothing'],
        ...teamOptions,
      ],
      examples: [
        ['init', 'asks, then writes .team/ here'],
        ['init shop --project shop -y', 'asks nothing'],
        [`init shop -p ${providerWords[0]}`, 'the same as troupe new shop, see there; also for the options after -p'],
      ],
      run: async (cli, given) => (await import('../commands/init.ts')).init(cli, given),
    },
    {
      name: 'validate',
      about: 'Check the team’s files, all errors at once',
      options: [['-v, --verbose', 'notes as well as errors and warnings']],
      examples: [['validate', 'exit code 2 if the team cannot run']],
      run: reading(async (cli, given) => (await import('../commands/validate.ts')).validate(cli, given)),
    },
    {
      name: 'env',
      about: 'Show the environment variables that the team’s files name, and which are set',
      options: [['--doctor', 'exit code 1 if one that is needed is not set']],
      examples: [
        ['env', 'each with where it is named and where its value comes from; values are masked'],
        ['env --doctor', 'in a script, before troupe up'],
      ],
      run: async (cli, given) => (await import('../commands/env.ts')).env(cli, given),
    },
    {
      name: 'context',
      about: 'Give teams names, and say which one counts where no other is named',
      more: 'A command works on the team of -C, else of TROUPE_ROOT or TEAMCTL_ROOT, else of the nearest folder upwards, else of the current context. The names stand in troupe/contexts.json in XDG_CONFIG_HOME, else in ~/.config.',
      commands: [
        { name: 'ls', alias: 'list', about: 'Show every context', examples: [['context ls', 'names, folders, and which one is current']], run: async (cli) => (await import('../commands/context.ts')).ls(cli) },
        { name: 'current', about: 'Print the name of the current context', examples: [['context current', 'exit code 1 if there is none']], run: async (cli) => (await import('../commands/context.ts')).current(cli) },
        {
          name: 'use',
          about: 'Make a context the current one',
          args: [['<context>', 'its name']],
          examples: [['context use shop', 'commands in any folder without a team go there']],
          run: async (cli, given) => (await import('../commands/context.ts')).use(cli, given),
        },
        {
          name: 'add',
          about: 'Give a team a name; the first one becomes the current context',
          args: [
            ['[name]', 'letters, digits, . _ and -'],
            ['[dir]', 'folder of the team (default: the one found from here)'],
          ],
          options: [['--from-teamctl', 'take over the names that teamctl keeps']],
          examples: [
            ['context add shop ~/shop', 'name a team'],
            ['context add --from-teamctl', 'names that are taken already stay as they are'],
          ],
          run: async (cli, given) => (await import('../commands/context.ts')).add(cli, given),
        },
        {
          name: 'rm',
          about: 'Forget a context; the team’s files stay',
          args: [['<context>', 'its name']],
          examples: [['context rm shop', 'only the name goes']],
          run: async (cli, given) => (await import('../commands/context.ts')).rm(cli, given),
        },
      ],
    },
    {
      name: 'config',
      about: 'Print the team with all defaults filled in, as YAML',
      options: [['--write <dir>', 'write the team’s files there instead: an ordinary team of the same agents']],
      examples: [
        ['config', 'the resolved team, each value with the line it comes from'],
        ['-T shop config --write ~/shop/.team', 'the files of a team that one command line made, to keep and change'],
        ['config schema', 'JSON Schema for editors'],
      ],
      run: async (cli, given) => (await import('../commands/config.ts')).config(cli, given),
      commands: [
        {
          name: 'schema',
          about: 'Print the JSON Schema of a team’s files',
          args: [['[file]', 'compose (default), project or runtime']],
          examples: [['config schema project', 'of projects/<id>.yaml']],
          run: async (cli, given) => (await import('../commands/config.ts')).schema(cli, given),
        },
      ],
    },
  ],
}
