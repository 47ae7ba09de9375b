import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { run } from '../../src/util/spawn.ts'
import { dist, kill, patiently, team, Troupe } from './troupe.ts'

const read = [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'read' }]
const asks = { tool: 'request_approval', args: { action: 'deploy', summary: '{1}', wait: false, payload: { command: 'make deploy' } } }
const scenario = { a: [{ when: '/^deploy (.+)$/i', do: [asks, ...read] }, { otherwise: read }], b: [{ otherwise: read }] }

/** A terminal of its own with a shell in it. */
class Pane {
  readonly #troupe: Troupe
  readonly #socket: string

  private constructor(troupe: Troupe) {
    this.#troupe = troupe
    this.#socket = join(troupe.folder, 'pane.sock')
  }

  static async open(troupe: Troupe, columns: number, rows: number): Promise<Pane> {
    const pane = new Pane(troupe)
    onTestFinished(async () => void (await pane.tmux('kill-server')))
    await pane.tmux('new-session', '-d', '-x', String(columns), '-y', String(rows), 'bash', '--norc', '--noprofile')
    return pane
  }

  async tmux(...args: string[]): Promise<string> {
    const env = { ...this.#troupe.env, PS1: '$ ', HISTFILE: '/dev/null' }
    return (await run(['tmux', '-u', '-f', '/dev/null', '-S', this.#socket, ...args], { env, cwd: this.#troupe.folder, timeoutMs: 20_000 })).stdout
  }

  async screen(): Promise<string> {
    return await this.tmux('capture-pane', '-p')
  }

  async keys(...keys: string[]): Promise<void> {
    for (const key of keys) await this.tmux('send-keys', key)
  }

  async type(text: string): Promise<void> {
    await this.tmux('send-keys', '-l', text)
  }

  async shows(...texts: (string | RegExp)[]): Promise<void> {
    await vi.waitFor(async () => {
      const screen = await this.screen()
      for (const text of texts) expect(screen).toMatch(typeof text === 'string' ? new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : text)
    }, patiently)
  }

  /** What programs may change of a terminal: the other screen, the cursor, bracketed paste by its echo; echo and lines by stty. */
  async manners(): Promise<string> {
    await this.keys('C-l')
    await this.type(`stty -g > ${join(this.#troupe.folder, 'stty')}; echo no""ted`)
    await this.keys('Enter')
    await this.shows('\nnoted')
    const { stdout } = await run(['cat', join(this.#troupe.folder, 'stty')])
    return `${await this.tmux('display-message', '-p', '#{alternate_on} #{cursor_flag} #{wrap_flag} #{mouse_any_flag}')}${stdout}`
  }

  async start(): Promise<void> {
    const noted = `sh -c 'echo $$ > pid; exec "$@"' sh`
    await this.type(`${noted} '${process.execPath}' '${join(dist, 'troupe.cjs')}' -C '${this.#troupe.root}' tui; echo left with $?`)
    await this.keys('Enter')
    await this.shows('Agents 2')
  }

  /** Of the page. */
  get pid(): number {
    return Number.parseInt(readFileSync(join(this.#troupe.folder, 'pid'), 'utf8'), 10)
  }
}

it('shows the team, carries out what is asked by keys, and goes on over a killed daemon, until it is left', async () => {
  const troupe = new Troupe(team({ a: {}, b: {} }, { scenario }))
  await troupe.ok('up')
  const pane = await Pane.open(troupe, 80, 24)
  const before = await pane.manners()
  await pane.start()
  await pane.shows(/▸ +a +○ idle/, 'scripted agent p:a', 'Inbox')

  await pane.keys('@')
  await pane.type('hello')
  await pane.keys('C-j')
  await pane.type('again')
  await pane.shows('To a', 'again')
  await pane.keys('Enter')
  await pane.shows(/user +a +✓ +hello↵again/)
  expect((await troupe.mail()).map(({ to, text }) => ({ to, text }))).toEqual([{ to: 'p:a', text: 'hello\nagain' }])

  await troupe.ok('send', 'a', 'deploy version 7')
  await pane.shows('1 approval waits (a): 1 a deploy')
  await pane.keys('a')
  await pane.shows('make deploy')
  await pane.keys('y')
  await pane.shows('Approve 1: deploy, once, by p:a?', 'make deploy')
  expect(await troupe.json('approvals')).toHaveLength(1)
  await pane.keys('y')
  await pane.shows('Approval 1 approved.')
  expect(await troupe.json('approvals', '--all')).toMatchObject([{ n: 1, status: 'approved' }])

  await pane.tmux('resize-window', '-x', '60', '-y', '15')
  await pane.shows('Not shown here: Screen, Mail (Tab)')
  await pane.tmux('resize-window', '-x', '200', '-y', '50')
  await pane.shows(/Agents 2 .*a .*Inbox/, 'scripted agent p:a')

  kill((await troupe.daemon()).pid)
  await troupe.ok('send', 'a', 'after the kill')
  await pane.shows(/user +a .* after the kill/)
  await pane.keys(':')
  await pane.type('stop b')
  await pane.keys('Enter')
  await pane.shows('Stop b?')
  await pane.keys('y')
  await pane.shows('p:b is stopped.', '■ stopped')

  await pane.keys('l')
  await vi.waitFor(async () => expect(await pane.screen()).not.toContain('Agents 2'), patiently)
  await pane.shows('scripted agent p:a')
  await pane.keys('C-b', 'd')
  await pane.shows('Agents 2')
  await pane.keys('C-z')
  await pane.shows('Stopped')
  await pane.type('fg; echo back with $?')
  await pane.keys('Enter')
  await pane.shows('Agents 2', '■ stopped')

  await troupe.ok('down')
  // Long enough for a daemon to be back, had the page started one.
  await pane.shows('daemon away for 3s')
  await pane.keys('s', 'y')
  await pane.shows('the daemon is away; nothing was done')
  await troupe.ok('up')
  await pane.shows('The daemon is back.', '○ 2 idle')

  await pane.keys('q')
  await pane.shows('back with 0')
  expect(await pane.screen()).not.toContain('Agents 2')
  expect(await pane.manners()).toBe(before)
}, 300_000)

it('gives the terminal back when it is ended from outside, or falls over', async () => {
  const troupe = new Troupe(team({ a: {}, b: {} }))
  const pane = await Pane.open(troupe, 80, 24)
  const before = await pane.manners()
  await pane.start()
  expect(pane.pid).toBeGreaterThan(1)
  process.kill(pane.pid, 'SIGTERM')
  await pane.shows('left with 143')
  expect(await pane.manners()).toBe(before)
  const program = join(troupe.folder, 'falls.mjs')
  writeFileSync(program, `import { Terminal } from ${JSON.stringify(new URL('../../src/cli/tui/terminal.ts', import.meta.url).href)}
const none = () => {}
new Terminal({ stdin: process.stdin, stdout: process.stdout, colours: true }, { key: none, paste: none, size: none, end: none }).start()
setTimeout(() => { throw new Error('boom') }, 1)
`)
  await pane.type(`'${process.execPath}' '${program}'; echo left with $?`)
  await pane.keys('Enter')
  await pane.shows('boom', 'left with 1\n')
  expect(await pane.manners()).toBe(before)
}, 300_000)

it('says what else there is where it cannot be shown', async () => {
  const troupe = new Troupe(team({ a: {} }))
  const ran = await troupe.run('tui')
  expect(ran).toMatchObject({ code: 2, stdout: '' })
  expect(ran.stderr).toContain('tui needs a terminal')
  expect(ran.stderr).toContain('troupe ps --watch')
  const pane = await Pane.open(troupe, 80, 24)
  await pane.type(`TERM=dumb '${process.execPath}' '${join(dist, 'troupe.cjs')}' -C '${troupe.root}' tui; echo left with $?`)
  await pane.keys('Enter')
  await pane.shows('left with 2', 'troupe ps --watch')
}, 300_000)
