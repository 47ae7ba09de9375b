import type { Group } from './command.ts'
import { reading } from './reading.ts'

const worker: [string, string] = ['<agent>', 'address or short name']
const text: [string, string] = ['[text...]', 'what is to be done; - reads it from stdin']
const file: [string, string] = ['--file <file>', 'read the task from a file; - is stdin']

export const workers: Group = {
  title: 'Workers and tasks',
  commands: [
    {
      name: 'spawn',
      alias: 'spawn-worker',
      about: 'Make a worker for a task, and start it',
      args: [text],
      options: [
        ['-t, --task <text>', 'the task, also where it begins with a dash; - reads it from stdin'],
        file,
        ['-n, --name <name>', 'its name; left out, made from the words of the task'],
        ['-p, --provider <provider>', 'its agent CLI; left out, the one of its lead'],
        ['--runtime <runtime>', 'the same in the word of the files, or a runtime of the team’s own'],
        ['-m, --model <model>', 'left out, the lead’s where it is the same CLI, else the CLI’s own'],
        ['--effort <effort>', 'how hard the model thinks'],
        ['--mode <mode>', 'terminal (or interactive), protocol or oneshot (default worker_mode)'],
        ['--cwd <dir>', 'where it works (default: where the project does)'],
        ['--worktree', 'a git worktree of its own'],
        ['-r, --resume-session <id>', 'a conversation of that CLI that exists, which it goes on with'],
        ['--project <project>', 'where the team has several'],
        ['--after <task>...', 'a task, by its number or key, that must be done before; may be given several times'],
        ['--key <key>', 'your own key: the same key is the same task'],
        ['--timeout <duration>', 'how long to wait until it is ready (default 2m)'],
      ],
      examples: [
        ['spawn "fix the login test"', 'a worker called fix-login, in the project’s own file'],
        ['spawn -n docs --mode oneshot "write the changelog"', 'runs to its end and leaves'],
        ['spawn --after 3 - < task.md', 'any length, once task 3 is done'],
        ['spawn -r 0199a5b2-7c31-7d54-9c1e-2f4b8a6d0e13 "now the tests"', 'knows what was said in that conversation'],
      ],
      more: 'The worker is an entry below workers: in the project’s file, marked spawned, and only that is applied. Beyond max_workers the task waits for its turn. docs/workers.md tells more.',
      run: async (cli, given) => (await import('../commands/workers.ts')).spawn(cli, given),
    },
    {
      name: 'resume',
      about: 'Give a worker more to do, in the conversation it has',
      args: [worker, text],
      options: [file],
      examples: [['resume fix-login "and the logout test"', 'also where it has ended: it is started again']],
      run: async (cli, given) => (await import('../commands/workers.ts')).resume(cli, given),
    },
    {
      name: 'wait',
      about: 'Wait until workers are done with their tasks',
      args: [['[agents...]', 'workers, or tasks by number; all if none is named']],
      options: [
        ['--any', 'until one of them has ended'],
        ['--all', 'until all of them have (what happens anyway)'],
        ['-t, --timeout <duration>', 'at most this long (default 600s)'],
        ['--attention', 'also end when one waits for a person'],
        ['-i, --interval <duration>', 'not needed: the daemon tells at once; taken for scripts that have it'],
      ],
      examples: [
        ['wait', 'exit 0: all done, 1: one failed or was stopped, 5: timed out'],
        ['wait fix-login --timeout 10m', 'one worker'],
        ['wait --any --json', 'the first that ends'],
      ],
      more: 'The daemon is asked once and answers when something changes; it may be restarted meanwhile. What changes is told on stderr.',
      run: async (cli, given) => (await import('../commands/wait.ts')).wait(cli, given),
    },
    {
      name: 'clear',
      about: 'Take out workers that were spawned and are done',
      options: [['--failed', 'those that failed too']],
      examples: [['clear', 'they are stopped and leave the files; whoever was declared by hand stays']],
      run: async (cli, given) => (await import('../commands/workers.ts')).clear(cli, given),
    },
    {
      name: 'tasks',
      about: 'Show tasks, their workers, and how far they are',
      args: [['[id]', 'one of them in full: number, UUID or key']],
      options: [
        ['--agent <agent>', 'only of this worker'],
        ['-n, --limit <count>', 'at most this many (default 200)'],
      ],
      examples: [
        ['tasks', 'newest first'],
        ['tasks 3', 'its text, its result, and what shows how far it is'],
      ],
      run: reading(async (cli, given) => (await import('../commands/tasks.ts')).tasks(cli, given)),
    },
    {
      name: 'cancel',
      about: 'Take a task back; a worker that has it is stopped',
      args: [['<id>', 'number, UUID or key']],
      examples: [['cancel 3', 'what comes after it is held']],
      run: async (cli, given) => (await import('../commands/tasks.ts')).change(cli, given, 'task.cancel'),
    },
    {
      name: 'retry',
      about: 'Begin a task that has ended once more',
      args: [['<id>', 'number, UUID or key']],
      examples: [['retry 3', 'with the same worker']],
      run: async (cli, given) => (await import('../commands/tasks.ts')).change(cli, given, 'task.again'),
    },
  ],
}
