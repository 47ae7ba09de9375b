import type { Group } from './command.ts'
import { reading } from './reading.ts'
import { drain, names, watch } from './syntax.ts'

export const team: Group = {
  title: 'Team',
  commands: [
    {
      name: 'up',
      about: 'Start the team as its files say, and wait until it is ready',
      args: [names],
      options: [
        ['-v, --verbose', 'tell everything that happens, and the attach command of each agent'],
        ['--timeout <duration>', 'how long to wait, such as 90s or 5m (default 2m)'],
      ],
      examples: [
        ['up', 'bring up the whole team'],
        ['up -v', 'and tell all that happens, and how to look at each agent'],
        ['up newsroom', 'only this project'],
        ['up newsroom:head_editor dev', 'only these two agents'],
      ],
      more: 'Where the files changed since the last `up`, it does what `troupe reload` would do, and says so. With names, what is not named stays as it was applied. Exit code 1 if an agent failed or stays in quarantine, 5 if the time was not enough.',
      run: async (cli, given) => (await import('../commands/up.ts')).up(cli, given),
    },
    {
      name: 'down',
      about: 'End every agent and the daemon, or a part of the team',
      args: [names],
      options: [...drain('timeout'), ['--hard', 'the same as --now']],
      examples: [
        ['down', 'stop the team; mail and state stay'],
        ['down newsroom', 'only this project; the rest and the daemon go on'],
      ],
      more: 'Ends agents too that are not in the files any more.',
      run: async (cli, given) => (await import('../commands/lifecycle.ts')).down(cli, given),
    },
    {
      name: 'plan',
      about: 'Show what the changed files would do to each agent',
      args: [names],
      examples: [
        ['plan', 'who is restarted, and which permissions are widened'],
        ['plan --json', 'the same for scripts'],
      ],
      more: 'Changes nothing. Exit code 0 if there is nothing to do, 1 if there is a difference, 2 if the files are wrong.',
      run: async (cli, given) => (await import('../commands/changes.ts')).plan(cli, given),
    },
    {
      name: 'reload',
      about: 'Apply what changed in the files, and touch nothing else',
      args: [names],
      options: [
        ['--dry-run', 'only show it, as `troupe plan` does'],
        ...drain('drain'),
        ['-v, --verbose', 'tell everything that happens'],
        ['--timeout <duration>', 'how long to wait until it is done (default 2m)'],
      ],
      examples: [
        ['reload', 'permissions count at once; only agents that must are restarted'],
        ['reload newsroom', 'take over only what concerns this project'],
      ],
      more: 'Wrong files change nothing (exit code 2). Exit code 1 if an agent failed, 5 if the time was not enough.',
      run: async (cli, given) => (await import('../commands/changes.ts')).reload(cli, given),
    },
    {
      name: 'ps',
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
      alias: 'ui',
      about: 'Show the whole team on one screen, and work with it: agents, their terminals, mail, approvals',
      examples: [['tui', '? shows the keys, q leaves; the team goes on']],
      more: 'Arrows or j k, Tab, Enter, Esc; @ writes to an agent, ! to a channel, a shows approvals, : takes commands. Needs a terminal.',
      run: async (cli) => (await import('../commands/tui.ts')).tui(cli),
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
      more: 'Refused where the team is at work, or where real mail or tasks wait for it: `troupe config --write DIR` makes a copy to rehearse.',
      run: async (cli, given) => (await import('../commands/rehearse.ts')).rehearse(cli, given),
    },
  ],
}
