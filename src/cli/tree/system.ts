import type { Group } from './command.ts'

export const system: Group = {
  title: 'troupe itself',
  commands: [
    {
      name: 'daemon',
      about: 'Look at, start, restart or stop the daemon of this root',
      commands: [
        {
          name: 'status',
          about: 'Process, root and address of the daemon; exit code 1 if there is none',
          examples: [['daemon status', 'starts nothing']],
          run: async (cli) => (await import('../commands/daemon.ts')).status(cli),
        },
        {
          name: 'start',
          about: 'Start the daemon if it is not running',
          examples: [['daemon start', 'agents are not started by it']],
          run: async (cli) => (await import('../commands/daemon.ts')).start(cli),
        },
        {
          name: 'stop',
          about: 'Stop the daemon; agents go on',
          examples: [['daemon stop', 'the next daemon adopts the agents']],
          run: async (cli) => (await import('../commands/daemon.ts')).stop(cli),
        },
        {
          name: 'restart',
          about: 'Put a daemon of this release in the place of the one that runs; agents go on',
          examples: [['daemon restart', 'after an update of troupe']],
          more: 'The new daemon adopts the agents and gets the environment that the old one held for them. A newer daemon is left alone.',
          run: async (cli) => (await import('../commands/daemon.ts')).restart(cli),
        },
        {
          name: 'token',
          about: 'Print the token for the HTTP API',
          examples: [['curl -X POST -H "Authorization: Bearer $(troupe daemon token)" URL/api/v1/ps', 'URL is what daemon status shows']],
          run: async (cli) => (await import('../commands/daemon.ts')).token(cli),
        },
        {
          name: 'logs',
          about: 'Print the daemon’s own log',
          options: [
            ['-f, --follow', 'go on printing until interrupted'],
            ['-n, --lines <count>', 'at most this many lines (default 200)'],
          ],
          examples: [['daemon logs -f', 'works when the daemon does not']],
          run: async (cli, given) => (await import('../commands/daemon.ts')).logs(cli, given),
        },
      ],
    },
    {
      name: 'version',
      about: 'Print the versions of this program and of the daemon that runs here',
      examples: [['version', 'starts nothing; troupe --version prints the program’s alone']],
      run: async (cli) => (await import('../commands/daemon.ts')).version(cli),
    },
    {
      name: 'mcp',
      about: 'Serve the team’s tools on stdin and stdout',
      examples: [['mcp', 'run by agents, not by people']],
      run: async (cli) => (await import('../commands/mcp.ts')).mcp(cli),
    },
    {
      name: 'completion',
      about: 'Print the completion script of a shell',
      args: [['<shell>', 'bash, zsh or fish']],
      examples: [
        ['completion bash > ~/.local/share/bash-completion/completions/troupe', 'bash'],
        ['completion zsh > ~/.zfunc/_troupe', 'zsh, with ~/.zfunc in fpath'],
        ['completion fish > ~/.config/fish/completions/troupe.fish', 'fish'],
      ],
      run: async (cli, given) => (await import('../commands/completion.ts')).completion(cli, given),
    },
    {
      name: 'complete',
      about: 'Print what could follow the words',
      args: [['[words...]', 'words after troupe; the last one is being typed']],
      hidden: true,
      run: async (cli, given) => (await import('../commands/completion.ts')).complete(cli, given),
    },
  ],
}
