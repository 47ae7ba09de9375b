import { sleep } from './post.ts'
import type { Tool } from './team.ts'

/** Tools that the scripted agent has beside the team's: enough to be slow, to end and to fail. */
export interface OwnTool extends Tool {
  run(args: Record<string, unknown>, doing: { signal: AbortSignal; print(text: string): void; leave(code: number): Promise<never> }): Promise<string>
}

export const ownTools: OwnTool[] = [
  {
    name: 'sleep',
    description: 'Do nothing for a while.',
    inputSchema: { properties: { ms: { type: 'integer' } } },
    async run({ ms }, { signal }) {
      await sleep(Number(ms ?? 0), signal)
      return 'slept'
    },
  },
  {
    name: 'print',
    description: 'Show a text on the terminal.',
    inputSchema: { properties: { text: { type: 'string' } } },
    run({ text }, { print }) {
      print(String(text ?? ''))
      return Promise.resolve('printed')
    },
  },
  {
    name: 'exit',
    description: 'End with an exit code.',
    inputSchema: { properties: { code: { type: 'integer' } } },
    run: ({ code }, { leave }) => leave(Number(code ?? 0)),
  },
  {
    name: 'crash',
    description: 'Die at once, as by kill -9.',
    inputSchema: {},
    run() {
      process.kill(process.pid, 'SIGKILL')
      return new Promise(() => {}) // death comes first
    },
  },
]
