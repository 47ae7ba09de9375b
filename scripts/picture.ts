import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { processEnvironment } from '../src/config/environment.ts'
import { run } from '../src/util/spawn.ts'
import { svg } from './picture/svg.ts'

/** Records a real session with examples/hello-team in a terminal and writes docs/session.svg: what the README shows. */

const checkout = dirname(dirname(fileURLToPath(import.meta.url)))
const size = { columns: 104, rows: 46 }
const session = [
  'troupe up',
  'troupe send manager "Have the release notes written"',
  'sleep 4; troupe mail --all',
  'troupe explain message 2',
  'kill -9 $(troupe inspect dev --json | jq .pid); sleep 9; troupe ps',
]

const folder = mkdtempSync(join(tmpdir(), 'troupe-picture-'))
cpSync(join(checkout, 'examples', 'hello-team'), folder, { recursive: true, filter: (file) => !file.endsWith('/state') })
appendFileSync(join(folder, '.team', 'team-compose.yaml'), '\nrehearsal: hello\n')
mkdirSync(join(folder, 'bin'))
symlinkSync(join(checkout, 'bin', 'troupe'), join(folder, 'bin', 'troupe'))
const { PATH = '', HOME = '' } = processEnvironment()
const env = { PATH: `${join(folder, 'bin')}${delimiter}${PATH}`, HOME, LANG: 'C.UTF-8', TERM: 'xterm-256color', PS1: '$ ', ENV: '' }
const socket = join(folder, 'tmux.sock')

try {
  await tmux('new-session', '-d', '-s', 'p', '-x', String(size.columns), '-y', String(size.rows), '-c', folder, 'bash', '--norc', '--noprofile')
  await prompted()
  for (const command of session) await type(command)
  const { stdout } = await tmux('capture-pane', '-p', '-e', '-t', 'p')
  writeFileSync(join(checkout, 'docs', 'session.svg'), svg(stdout.trimEnd(), size.columns))
} finally {
  await run([join(checkout, 'bin', 'troupe'), '-C', folder, 'down'], { env, cwd: folder })
  await tmux('kill-server')
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
}

async function tmux(...args: string[]): Promise<{ stdout: string }> {
  return await run(['tmux', '-u', '-f', '/dev/null', '-S', socket, ...args], { env, cwd: folder })
}

/** Types a line and waits until the shell prompts again. */
async function type(command: string): Promise<void> {
  await tmux('send-keys', '-t', 'p', '-l', command)
  await tmux('send-keys', '-t', 'p', 'Enter')
  await new Promise((resolve) => setTimeout(resolve, 500))
  await prompted()
}

async function prompted(): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const { stdout } = await tmux('capture-pane', '-p', '-t', 'p')
    if (/\n\$ ?$/.test(`\n${stdout.trimEnd()}`)) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('the shell did not prompt again')
}
