import type { Group } from './command.ts'
import { reading } from './reading.ts'
import { drain, names, watch } from './syntax.ts'

const agentsArg: [string, string] = ['<agents...>', 'addresses (project:agent) or short names']
const timeout: [string, string] = ['--timeout <duration>', 'how long to wait until they are ready (default 2m)']

const inItsPlace =
  'The environment is what the agent would get now: the standard variables, those of its runtime and those it declares, from this shell and .env, with TROUPE_AGENT, TROUPE_PROJECT, AGENT_ID, PROJECT_ID and TEAMCTL_ROOT; never its token. The exit code is the command’s own; 127 if it is not found. Works without a daemon.'

export const agents: Group = {
  title: 'Agents',
  commands: [
    {
      name: 'start',
      about: 'Start agents; clears a quarantine',
      args: [agentsArg],
      options: [timeout],
      examples: [['start dev', 'start one agent']],
      run: async (cli, given) => (await import('../commands/lifecycle.ts')).start(cli, given),
    },
    {
      name: 'stop',
      about: 'Stop agents politely; they stay stopped. Or a whole ad-hoc team',
      args: [['[agents...]', 'addresses or short names; or the name of one team; none: the ad-hoc team that commands go to']],
      options: drain('timeout'),
      examples: [
        ['stop', 'the ad-hoc team that commands go to'],
        ['stop shop', 'the team shop, or the agent shop of this one; an error where there are both'],
        ['stop dev qa', 'stop two agents; a running turn may come to its end'],
        ['stop dev --timeout 1m', 'and may take a minute for it'],
      ],
      run: async (cli, given) => (await import('../commands/lifecycle.ts')).stop(cli, given),
    },
    {
      name: 'stop-worker',
      hidden: true,
      about: 'Stop agents politely, as `stop` does; never a team',
      args: [agentsArg],
      options: drain('timeout'),
      examples: [['stop-worker fix', 'the beginning of a name is enough']],
      run: async (cli, given) => (await import('../commands/lifecycle.ts')).stopAgents(cli, given),
    },
    {
      name: 'restart',
      about: 'Stop and start agents, resuming their work',
      args: [['<names...>', names[1]]],
      options: [['--fresh', 'begin a new conversation'], ...drain('drain'), timeout],
      examples: [
        ['restart dev', 'go on where it was; clears a quarantine'],
        ['restart dev --fresh', 'begin again with mission, context and mail'],
        ['restart newsroom', 'every agent of a project'],
      ],
      run: async (cli, given) => (await import('../commands/lifecycle.ts')).restart(cli, given),
    },
    {
      name: 'kill',
      about: 'Kill agents at once; they stay stopped',
      args: [agentsArg],
      examples: [['kill dev', 'end its whole process tree']],
      run: async (cli, given) => (await import('../commands/lifecycle.ts')).kill(cli, given),
    },
    {
      name: 'interrupt',
      about: 'Interrupt the running turn of an agent',
      args: [['<agent>', 'address or short name']],
      examples: [['interrupt dev', 'as if Escape were pressed in its terminal']],
      run: async (cli, given) => (await import('../commands/lifecycle.ts')).interrupt(cli, given),
    },
    {
      name: 'inspect',
      about: 'Show one agent in full, with the evidence',
      args: [['<agent>', 'address or short name']],
      options: [watch],
      examples: [
        ['inspect dev', 'why is it in this state, and what can be done'],
        ['inspect dev --watch', 'and see it change'],
      ],
      run: reading(async (cli, given) => (await import('../commands/inspect.ts')).inspect(cli, given)),
    },
    {
      name: 'attach',
      about: 'Look at the terminal of an agent, or of all at once, read-only',
      args: [['[agent]', 'address or short name; the lead if none is named']],
      options: [
        ['--rw', 'type into it; asks to retype the agent’s id'],
        ['-w, --window <agent>', 'the same as naming it'],
        ['--ro', 'read-only, which it is anyway'],
        ['-m, --multi', 'every agent that has a terminal, in tiles'],
      ],
      examples: [
        ['attach', 'the lead; detach with Ctrl-b d'],
        ['attach dev', 'one agent'],
        ['attach --multi', 'everybody; called again it adds who came since'],
        ['attach dev --rw', 'type as well'],
      ],
      run: async (cli, given) => (await import('../commands/attach.ts')).attach(cli, given),
    },
    {
      name: 'logs',
      about: 'Print what the terminals of agents showed',
      args: [['[agents...]', 'all agents if none is named']],
      options: [
        ['-f, --follow', 'go on printing until interrupted'],
        ['--since <duration>', 'only if written within this time, such as 10m'],
        ['--previous', 'rotated files as well, oldest first'],
        ['-n, --lines <count>', 'at most this many lines of each, and of its screen (default 200; with --previous and --all all)'],
        ['--tail <count>', 'the same as --lines'],
        ['-a, --all', 'every line of each, from rotated files too'],
        ['--raw', 'bytes as the terminal got them'],
      ],
      examples: [
        ['logs dev', 'the last lines, then the screen as it is now'],
        ['logs -n 20', 'of every agent, each below a line that says how it is'],
        ['logs -f', 'follow the whole team'],
      ],
      run: async (cli, given) => (await import('../commands/logs.ts')).logs(cli, given),
    },
    {
      name: 'tail',
      about: 'Print what happened, one line an event',
      args: [['[agent]', 'only events of this agent']],
      options: [
        ['-f, --follow', 'go on printing until interrupted'],
        ['--since <duration>', 'only events of this time, such as 10m'],
        ['-n, --lines <count>', 'at most this many lines (default 200)'],
      ],
      examples: [
        ['tail -f', 'follow the whole team'],
        ['tail dev --since 1h', 'the last hour of one agent'],
      ],
      run: async (cli, given) => (await import('../commands/tail.ts')).tail(cli, given),
    },
    {
      name: 'exec',
      about: 'Run a command in the working folder of an agent, with its environment',
      args: [
        ['<agent>', 'address or short name'],
        ['<argv...>', 'the command and its arguments, after --; no shell reads them'],
      ],
      examples: [['exec dev -- git status --short', 'what has it changed so far']],
      more: inItsPlace,
      run: async (cli, given) => (await import('../commands/exec.ts')).exec(cli, given),
    },
    {
      name: 'shell',
      about: 'Open your shell in the working folder of an agent, with its environment',
      args: [['<agent>', 'address or short name']],
      examples: [['shell dev', 'look around where it works']],
      more: inItsPlace,
      run: async (cli, given) => (await import('../commands/exec.ts')).shell(cli, given),
    },
  ],
}
