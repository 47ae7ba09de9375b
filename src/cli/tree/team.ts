import type { Group } from './command.ts'
import { reading } from './reading.ts'
import { watch } from './syntax.ts'

export const team: Group = {
  title: 'Team',
  commands: [
    {
      name: 'up',
      about: 'Start the team as its files say, and wait until it is ready',
      args: [['[agents...]', 'only these agents']],
      options: [
        ['-v, --verbose', 'tell everything that happens, and the attach command of each agent'],
        ['--timeout <duration>', 'how long to wait, such as 90s or 5m (default 2m)'],
      ],
      examples: [
        ['up', 'bring up the whole team'],
        ['up -v', 'and tell all that happens, and how to look at each agent'],
        ['up dev qa', 'only these two'],
      ],
      more: 'Exit code 1 if an agent failed or stays in quarantine, 5 if the time was not enough.',
      run: async (cli, given) => (await import('../commands/up.ts')).up(cli, given),
    },
    {
      name: 'down',
      about: 'End every agent and the daemon',
      options: [['--hard', 'kill at once instead of asking politely']],
      examples: [['down', 'stop the team; mail and state stay']],
      run: async (cli, given) => (await import('../commands/lifecycle.ts')).down(cli, given),
    },
    {
      name: 'ps',
      alias: 'status',
      about: 'Show what every agent does',
      options: [
        ['-v, --verbose', 'add the attach command of each agent'],
        watch,
      ],
      examples: [
        ['ps', 'every agent'],
        ['ps --watch', 'refresh until Ctrl-C'],
        ['ps --json', 'the same for scripts'],
      ],
      run: reading(async (cli, given) => (await import('../commands/ps.ts')).ps(cli, given)),
    },
    {
      name: 'tui',
      about: 'Show the whole team on one screen, and work with it: agents, their terminals, mail, approvals',
      examples: [['tui', '? shows the keys, q leaves; the team goes on']],
      more: 'Arrows or j k, Tab, Enter, Esc; @ writes to an agent, ! to a channel, a shows approvals, : takes commands. Needs a terminal.',
      run: async (cli) => (await import('../commands/tui.ts')).tui(cli),
    },
    {
      name: 'usage',
      about: 'Show tokens by agent and model',
      options: [watch],
      examples: [['usage', 'all agents']],
      run: async (cli, given) => (await import('../commands/usage.ts')).usage(cli, given),
    },
    {
      name: 'rehearse',
      about: 'Run the team offline on a scripted model',
      args: [['[scenario]', 'name of a scenario, or the path of one']],
      options: [
        ['--say <text>', 'what to say to the lead at the start'],
        ['--keep', 'leave the team running at the end'],
        ['--timeout <duration>', 'how long to wait for the conversation to end (default 2m)'],
      ],
      examples: [
        ['rehearse', 'this team; the built-in hello-team if there is none here'],
        ['rehearse --keep', 'and look at it afterwards with ps, mail, attach'],
      ],
      run: async (cli, given) => (await import('../commands/rehearse.ts')).rehearse(cli, given),
    },
  ],
}
