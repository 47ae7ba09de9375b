import { readFileSync, writeFileSync } from 'node:fs'
import { sleep } from './post.ts'
import type { Tool } from './team.ts'

/** Tools that the scripted agent has beside the team's: enough to be slow, to end, to fail, and to do what people decide on. */
export interface OwnTool extends Tool {
  /** Reaches something outside the agent: `changes`, or only `reads`. Such a call is made with leave only. */
  reach?: 'reads' | 'changes'
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
  {
    name: 'Bash',
    description: 'Run a command line in the working folder.',
    inputSchema: { properties: { command: { type: 'string' } } },
    reach: 'changes',
    async run({ command }, { signal, print }) {
      // Loaded when it is needed: most scripted agents run nothing.
      const { run } = await import('../../util/spawn.ts')
      const { code, stdout, stderr } = await run(['/bin/sh', '-c', String(command ?? '')], { signal, timeoutMs: longestCommand, outputBytes: mostOutput })
      const said = `${stdout}${stderr}`
      if (said !== '') print(said.trimEnd())
      return code === 0 ? said : `${said}(exit code ${code})`
    },
  },
  {
    name: 'Read',
    description: 'Read a text file.',
    inputSchema: { properties: { file_path: { type: 'string' } } },
    reach: 'reads',
    run: ({ file_path: path }) => Promise.resolve(orWhy(() => readFileSync(String(path ?? ''), 'utf8').slice(0, mostOutput))),
  },
  {
    name: 'Write',
    description: 'Write a text file.',
    inputSchema: { properties: { file_path: { type: 'string' }, content: { type: 'string' } } },
    reach: 'changes',
    run: ({ file_path: path, content }) =>
      Promise.resolve(orWhy(() => {
        writeFileSync(String(path ?? ''), String(content ?? ''))
        return 'written'
      })),
  },
]

/** ms, and UTF-16 units of what the model is shown. */
const longestCommand = 600_000
const mostOutput = 64 * 1024

/** A file that is not there is an answer, not the end of the turn. */
function orWhy(act: () => string): string {
  try {
    return act()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
