import type { Group } from './command.ts'

export const housekeeping: Group = {
  title: 'Housekeeping',
  commands: [
    {
      name: 'gc',
      about: 'Remove acknowledged messages and what else is over',
      options: [
        ['--project <project>', 'only messages, approvals and bridges of this project'],
        ['--dry-run', 'count what would go, and remove nothing'],
      ],
      examples: [['gc --dry-run', 'what a run would remove now']],
      more: 'The daemon does it four times a day. Never what is not acknowledged, pending or open; budget.message_ttl_hours says what is old.',
      run: async (cli, given) => (await import('../commands/housekeeping.ts')).gc(cli, given),
    },
  ],
}
