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

export const graph: Group = { title: 'Who may talk to whom', commands: [bridge] }
