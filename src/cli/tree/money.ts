import type { Group } from './command.ts'
import { watch } from './syntax.ts'

const project: [string, string] = ['--project <project>', 'only of this project']

export const money: Group = {
  title: 'Money',
  commands: [
    {
      name: 'usage',
      about: 'Show tokens and what they cost, by agent and model',
      options: [
        project,
        ['--agent <agent>', 'only of this agent'],
        ['--model <model>', 'only of this model'],
        ['--chain <id>', 'only what this message led to'],
        ['--since <duration>', 'only of this time, such as 1h'],
        ['--day <day>', 'only of this day, such as 2026-11-21'],
        ['--by-chain', 'split by the message that each began with'],
        watch,
      ],
      examples: [
        ['usage', 'all agents'],
        ['usage --project shop --since 1d', 'one project, the last day'],
        ['usage --by-chain', 'which message cost what'],
      ],
      more: 'A model whose price is not known costs "—", never nothing; give it one in budget.prices.',
      run: async (cli, given) => (await import('../commands/usage.ts')).usage(cli, given),
    },
    {
      name: 'budget',
      about: 'Show what was spent since the day began, and what may be',
      options: [project, watch],
      examples: [
        ['budget', 'each project, the team, and agents with a limit of their own'],
        ['budget --project shop --json', 'one project, for scripts'],
        ['budget allow shop 5', 'so many dollars more for today'],
      ],
      more: 'At a limit agents are stopped in the middle of a turn; docs/budgets.md tells how they go on.',
      run: async (cli, given) => (await import('../commands/budget.ts')).budget(cli, given),
      commands: [
        {
          name: 'allow',
          about: 'Allow more for the rest of the day; what the limit stopped goes on',
          args: [
            ['<whom>', 'a project, an agent, or "team" for the whole team'],
            ['<usd>', 'US dollars on top of the limit'],
          ],
          examples: [
            ['budget allow shop 5', 'the project may cost five dollars more today'],
            ['budget allow shop:dev 0.50', 'one agent with a limit of its own'],
          ],
          run: async (cli, given) => (await import('../commands/budget.ts')).allow(cli, given),
        },
      ],
    },
  ],
}
