import type { Command } from './command.ts'

/** Chat bots of managers and of the team. */
export const bot: Command = {
  name: 'bot',
  about: 'Set up and look at the chat bots of the team',
  commands: [
    {
      name: 'setup',
      about: 'Give a manager a Telegram bot, and learn which chat may use it',
      args: [['[manager]', 'whose bot it is; not needed where there is one manager']],
      options: [
        ['--token-fd <n>', 'read the token from this file descriptor; else it is asked for'],
        ['--token-from <variable>', 'take the token from this environment variable'],
        ['--api-root <url>', 'another Bot API server'],
        ['--timeout <duration>', 'how long to wait for the code in the chat (default 2m)'],
        ['--force', 'also where the manager has a bot'],
      ],
      examples: [['bot setup lead', 'asks for the token of @BotFather, then for a code in the chat']],
      more: 'The token goes to .env (0600), the names of its variables into the project file. A token never stands on a command line.',
      run: async (cli, given) => (await import('../commands/bot-setup.ts')).setup(cli, given),
    },
    {
      name: 'ls',
      alias: 'list',
      about: 'Show the gateways of the team and how each does',
      examples: [['bot ls', 'what is on, what is off and why, what waits to go out']],
      run: async (cli) => (await import('../commands/bot.ts')).list(cli),
    },
    {
      name: 'status',
      about: 'Ask each platform now whether its bot works; exit code 1 if one does not',
      examples: [['bot status', 'with what is wrong and its cure']],
      run: async (cli) => (await import('../commands/bot.ts')).status(cli),
    },
  ],
}
