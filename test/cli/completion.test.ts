import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { programPath } from '../../src/util/programs.ts'
import { run } from '../../src/util/spawn.ts'
import { teamFolder } from './troupe.ts'

/** Each shell as it comes, without a person's own settings, and how its user loads the completion. */
const shells = {
  bash: { argv: ['bash', '--norc', '--noprofile'], load: 'source <(troupe completion bash)' },
  zsh: { argv: ['zsh', '-f'], load: 'autoload -U compinit; compinit -u -D; source <(troupe completion zsh)' },
  fish: { argv: ['fish', '--no-config'], load: 'troupe completion fish | source' },
}

/** What is typed before Tab, and the line that must stand there then. */
const lines: [string, string][] = [
  ['troupe insp', 'troupe inspect'],
  ['troupe inspect ma', 'troupe inspect manager'],
  ['troupe stop dev hello:ma', 'troupe stop dev hello:manager'],
  ['troupe broadcast a', 'troupe broadcast all'],
  ['troupe ps --wa', 'troupe ps --watch'],
  ['troupe run che', 'troupe run checklist.md'],
]

const installed = (name: string) => (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)))

describe.each(Object.entries(shells))('completion in %s', (name, { argv, load }) => {
  test.skipIf(!installed(name))('fills in commands, options and the names of the team at the Tab key', async () => {
    const { home } = teamFolder()
    const bin = join(home, 'bin')
    mkdirSync(bin)
    writeFileSync(join(home, 'checklist.md'), '- [ ] nothing\n')
    writeFileSync(join(bin, 'troupe'), `#!/bin/sh\nexec '${process.execPath}' '${programPath('troupe')}' "$@"\n`)
    chmodSync(join(bin, 'troupe'), 0o755)
    const tmux = async (...args: string[]) => (await run(['tmux', '-f', '/dev/null', '-S', join(home, 'tmux.sock'), ...args], { env, timeoutMs: 20_000 })).stdout
    // A shell that is ended writes its history.
    const env = { HISTFILE: '/dev/null', PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`, HOME: home, TERM: 'xterm-256color', LANG: 'C.UTF-8' }
    onTestFinished(async () => void (await tmux('kill-server')))
    await tmux('new-session', '-d', '-x', '100', '-y', '30', '-c', home, ...argv)
    const screen = () => tmux('capture-pane', '-p')
    const shows = async (text: string) => await vi.waitFor(async () => expect(await screen()).toContain(text), { timeout: 30_000, interval: 50 })
    await tmux('send-keys', '-l', `${load}; echo rea''dy`)
    await tmux('send-keys', 'Enter')
    await shows('\nready')
    for (const [typed, filled] of lines) {
      await tmux('send-keys', 'C-u')
      await tmux('send-keys', '-l', typed)
      await tmux('send-keys', 'Tab')
      await shows(filled)
      await tmux('send-keys', 'C-u', 'C-l')
      await vi.waitFor(async () => expect(await screen()).not.toContain('troupe'), { timeout: 30_000, interval: 50 })
    }
  }, 120_000)
})
