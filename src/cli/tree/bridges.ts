import { bot } from './bots.ts'
import type { Command, Group } from './command.ts'
import { watch } from './syntax.ts'

const id: [string, string][] = [['<id>', 'number or UUID']]

const bridge: Command = {
  name: 'bridge',
  about: 'Let two managers of different projects talk for a while',
  commands: [
    {
      name: 'open',
      about: 'Open a bridge between two managers; it closes by itself',
      options: [
        ['--from <agent>', 'a manager'],
        ['--to <agent>', 'a manager of another project'],
        ['--topic <text>', 'what they are to talk about'],
        ['--ttl <minutes>', 'how long it stays open (default 120)'],
        ['--one-way', 'only the first may write to the second'],
      ],
      examples: [
        ['bridge open --from shop:lead --to docs:lead --topic "the new prices"', 'both ways, for two hours'],
        ['bridge open --from shop:lead --to docs:lead --topic news --one-way --ttl 30', 'one way, for half an hour'],
      ],
      run: async (cli, given) => (await import('../commands/bridge.ts')).open(cli, given),
    },
    {
      name: 'close',
      about: 'Close a bridge before its time',
      args: id,
      examples: [['bridge close 1', 'what was sent over it still arrives']],
      run: async (cli, given) => (await import('../commands/bridge.ts')).close(cli, given),
    },
    {
      name: 'ls',
      alias: 'list',
      about: 'Show bridges, newest first',
      options: [watch],
      examples: [['bridge ls', 'open, expired and closed ones']],
      run: async (cli, given) => (await import('../commands/bridge.ts')).list(cli, given),
    },
    {
      name: 'log',
      about: 'Show what was said over a bridge',
      args: id,
      options: [watch],
      examples: [['bridge log 1', 'kept for a day after its end']],
      run: async (cli, given) => (await import('../commands/bridge.ts')).log(cli, given),
    },
  ],
}

const files: [string, string] = ['--files', 'of the team as its files say now, not as it was brought up']

const policy: Command = {
  name: 'policy',
  about: 'Show who may write to whom, over bridges, and through others',
  options: [files],
  examples: [
    ['policy', 'of the team that runs'],
    ['policy --files', 'before an up'],
    ['policy test expectations.yaml', 'does it allow what it should, and no more'],
  ],
  run: async (cli, given) => (await import('../commands/policy.ts')).policy(cli, given),
  commands: [
    {
      name: 'test',
      about: 'Check expectations; exit code 1 where one does not hold',
      args: [['<file>', 'a YAML list of sentences such as: writer can never reach deploy']],
      options: [files],
      examples: [['policy test expectations.yaml --files', 'in CI, before the team runs']],
      more: 'A sentence is NAME can [never] dm|broadcast on|escalate to|reach NAME. * is every agent, project:* all of a project. reach counts every way: through others that pass it on, and over bridges that are open.',
      run: async (cli, given) => (await import('../commands/policy.ts')).test(cli, given),
    },
  ],
}

export const graph: Group = { title: 'Who may talk to whom', commands: [bridge, policy, bot] }
