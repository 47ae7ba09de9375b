import type { Group } from './command.ts'

export const files: Group = {
  title: 'Files of the team',
  commands: [
    {
      name: 'init',
      about: 'Write the files of a new team',
      args: [['[dir]', 'folder to put .team/ into (default: here)']],
      options: [
        ['--template <name>', 'kind of team (default solo)'],
        ['--project <id>', 'id of its project (default: from the folder’s name)'],
        ['--force', 'write over files that are there; other files stay'],
        ['-y, --yes', 'ask nothing'],
      ],
      examples: [
        ['init', 'asks, then writes .team/ here'],
        ['init shop --project shop -y', 'asks nothing'],
      ],
      run: async (cli, given) => (await import('../commands/init.ts')).init(cli, given),
    },
    {
      name: 'validate',
      about: 'Check the team’s files, all errors at once',
      options: [['-v, --verbose', 'notes as well as errors and warnings']],
      examples: [['validate', 'exit code 2 if the team cannot run']],
      run: async (cli, given) => (await import('../commands/validate.ts')).validate(cli, given),
    },
    {
      name: 'config',
      about: 'Print the team with all defaults filled in',
      examples: [
        ['config', 'the resolved team'],
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
