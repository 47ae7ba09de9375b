import type { Group } from './command.ts'
import { reading } from './reading.ts'
import { watch } from './syntax.ts'

const text: [string, string] = ['[text...]', 'the message; - reads it from stdin']
const sending: [string, string][] = [
  ['--key <key>', 'your own key: a repeated send with the same key is one message'],
  ['--priority <priority>', 'urgent, normal or low (default normal)'],
  ['--file <file>', 'read the text from a file; - is stdin'],
  ['--attach <file>...', 'send a file along; may be given several times'],
]

export const mail: Group = {
  title: 'Mail',
  commands: [
    {
      name: 'send',
      alias: 'send-to-worker',
      about: 'Send a message to an agent or a #channel',
      args: [['<agent>', 'address, short name or #channel'], text],
      options: sending,
      examples: [
        ['send dev "run the tests"', 'to one agent'],
        ['send dev --priority urgent "stop, wrong branch"', 'into its running turn'],
        ['git diff | troupe send dev -', 'text from a pipe'],
        ['send dev --attach shot.png "what is wrong here?"', 'with a file'],
      ],
      run: async (cli, given) => (await import('../commands/send.ts')).send(cli, given),
    },
    {
      name: 'broadcast',
      about: 'Send a message to every member of a channel',
      args: [['<channel>', 'name of the channel, with or without #'], text],
      options: sending,
      examples: [['broadcast all "freeze the main branch"', 'to every member of #all']],
      run: async (cli, given) => (await import('../commands/send.ts')).broadcast(cli, given),
    },
    {
      name: 'mail',
      about: 'Show messages and how far each has come',
      args: [['[agent]', 'to or from this agent']],
      options: [
        ['--all', 'the whole team (also the default without an agent)'],
        ['--unread', 'only what is not acknowledged'],
        ['-n, --limit <count>', 'at most this many (default 50)'],
        watch,
      ],
      examples: [
        ['mail', 'the whole team'],
        ['mail dev --unread', 'what one agent has not dealt with'],
        ['mail --watch', 'the whole team, until Ctrl-C'],
      ],
      run: reading(async (cli, given) => (await import('../commands/mail.ts')).mail(cli, given)),
    },
    {
      name: 'attachment',
      about: 'Take out files that came with messages',
      commands: [
        {
          name: 'get',
          about: 'Copy one into a new file',
          args: [['<id>', 'number, as mail and explain message show it']],
          options: [['-o, --output <file>', 'where to (default: its own name, made safe, here)']],
          examples: [['attachment get 3 -o report.pdf', 'never writes over a file']],
          run: async (cli, given) => (await import('../commands/attachment.ts')).get(cli, given),
        },
      ],
    },
    {
      name: 'explain',
      about: 'Tell why something is as it is',
      commands: [
        {
          name: 'agent',
          about: 'Why an agent is in its state, what happens next, what you can do',
          args: [['<agent>', 'address or short name']],
          options: [['-n, --lines <count>', 'lines of the journal (default 25)']],
          examples: [['explain agent dev', 'why does it not work']],
          run: async (cli, given) => (await import('../commands/explain-agent.ts')).explainAgent(cli, given),
        },
        {
          name: 'message',
          about: 'Every step of every delivery of one message, with its proof',
          args: [['<id>', 'number or UUID']],
          options: [watch],
          examples: [
            ['explain message 12', 'did it arrive, and how is that known'],
            ['explain message 12 --watch', 'and how it goes on'],
          ],
          run: async (cli, given) => (await import('../commands/explain.ts')).explainMessage(cli, given),
        },
      ],
    },
  ],
}
