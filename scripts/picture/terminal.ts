import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { processEnvironment } from '../../src/config/environment.ts'
import { run } from '../../src/util/spawn.ts'

export const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

export interface Size { columns: number; rows: number }

/** A shell in a terminal of this size, in a copy of examples/hello-team that rehearses a scenario. All of it goes with `close`. */
export class Terminal {
  readonly #place = mkdtempSync(join(tmpdir(), 'troupe-picture-'))
  /** Its name is that of the team. */
  readonly folder = join(this.#place, 'bookshop')
  readonly #env: Record<string, string>

  constructor() {
    cpSync(join(checkout, 'examples', 'hello-team'), this.folder, { recursive: true, filter: (file) => !file.endsWith('/state') })
    mkdirSync(join(this.folder, 'bin'))
    symlinkSync(join(checkout, 'bin', 'troupe'), join(this.folder, 'bin', 'troupe'))
    const { PATH = '', HOME = '' } = processEnvironment()
    this.#env = { PATH: `${join(this.folder, 'bin')}${delimiter}${PATH}`, HOME, LANG: 'C.UTF-8', TERM: 'xterm-256color', PS1: '$ ', ENV: '' }
  }

  async open(size: Size, scenario: string): Promise<void> {
    appendFileSync(join(this.folder, '.team', 'team-compose.yaml'), `\nrehearsal: ${scenario}\n`)
    await this.#tmux('new-session', '-d', '-s', 'p', '-x', String(size.columns), '-y', String(size.rows), '-c', this.folder, 'bash', '--norc', '--noprofile')
    await this.shows(/\n\$ ?$/)
  }

  /** Types a line and waits until the shell prompts again. */
  async command(line: string): Promise<void> {
    await this.type(line)
    await this.keys('Enter')
    await new Promise((resolve) => setTimeout(resolve, 500))
    await this.shows(/\n\$ ?$/)
  }

  async type(text: string): Promise<void> {
    await this.#tmux('send-keys', '-t', 'p', '-l', text)
  }

  async keys(...keys: string[]): Promise<void> {
    await this.#tmux('send-keys', '-t', 'p', ...keys)
  }

  async shows(text: RegExp): Promise<void> {
    for (let tries = 0; tries < 600; tries++) {
      const { stdout } = await this.#tmux('capture-pane', '-p', '-t', 'p')
      if (text.test(`\n${stdout.trimEnd()}`)) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error(`the terminal did not show ${text.source}`)
  }

  /** With colours, as SGR escapes. */
  async screen(): Promise<string> {
    return (await this.#tmux('capture-pane', '-p', '-e', '-t', 'p')).stdout.trimEnd()
  }

  async close(): Promise<void> {
    await run([join(checkout, 'bin', 'troupe'), '-C', this.folder, 'down'], { env: this.#env, cwd: this.folder })
    await this.#tmux('kill-server')
    rmSync(this.#place, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }

  async #tmux(...args: string[]): Promise<{ stdout: string }> {
    return await run(['tmux', '-u', '-f', '/dev/null', '-S', join(this.folder, 'tmux.sock'), ...args], { env: this.#env, cwd: this.folder })
  }
}
