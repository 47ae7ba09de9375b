import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { foolingWords } from '../corpus/words.ts'
import { patiently, team, Troupe } from './troupe.ts'

/** Waits in a shell of its own until there is a file `gate`: silent, and at work. */
const until = 'until [ -e gate ]; do sleep 0.1; done'
const ack = { tool: 'inbox_ack', args: { ids: '{ids}' } }
const prints = (text: string) => ({ tool: 'print', args: { text } })
const scenario = {
  'p:quiet': [{ when: '/^Work/', do: [{ tool: 'Bash', args: { command: until } }, ack, { text: 'done' }] }],
  'p:loud': [{ when: '/^Work/', do: [prints(foolingWords.join('\n')), { tool: 'Bash', args: { command: until } }, ack, { text: 'done' }] }],
  'p:words': [{ when: '/^Work/', do: [prints('please approve or deny this'), ack, { text: 'approve? deny?' }] }],
}

/** A program that nobody knows: it prints `before`, works in silence, and prompts again on an empty screen. */
const program = (before: string) => `printf 'ready\\nown> '; while read -r line; do case $line in *Work*) ;; *) continue;; esac; cat ${before}; printf own-at-work; ${until}; printf '\\033[2J\\033[Hown> '; done`
const own = (before: string) => JSON.stringify({ binary: 'sh', args: ['-c', program(before)], supports_mcp: false, ready: '^ready', busy: '^own-at-work$', idle: '^own> ?$' })

class Fooling extends Troupe {
  constructor() {
    const agents = { quiet: {}, loud: {}, words: {}, own: { runtime: 'own' } }
    super({ ...team(agents, { scenario }), 'runtimes/own.yaml': own('words.txt'), 'words.txt': `${foolingWords.join('\n')}\n` })
  }

  openGate(): void {
    writeFileSync(join(this.root, 'gate'), '')
  }

  async phase(name: string, phase: string): Promise<void> {
    await vi.waitFor(async () => expect((await this.agent(name)).phase).toBe(phase), patiently)
  }

  async shows(name: string, words: string): Promise<void> {
    await vi.waitFor(async () => {
      const { screen } = await this.json<{ screen: string[] }>('explain', 'agent', name)
      expect(screen.join('\n')).toContain(words)
    }, patiently)
  }

  /** Everything that its state went through since it was told to work. */
  async way(name: string): Promise<unknown[]> {
    const events = await this.events()
    const told = events.findLast(({ type }) => type === 'message.sent')?.at ?? 0
    return events.filter(({ type, at, agent }) => type === 'agent.phase' && at >= told && agent === `p:${name}`).map(({ data }) => data['to'])
  }
}

describe('nothing that an agent prints makes a state', () => {
  it('agentic-team 8: who works without a word is at work until the turn is over, and nothing was done before', async () => {
    const troupe = new Fooling()
    await troupe.ok('up')
    await troupe.ok('send', 'quiet', 'Work')
    await troupe.phase('quiet', 'busy')
    expect((await troupe.mail())[0]?.state).not.toBe('acked')
    troupe.openGate()
    await troupe.phase('quiet', 'idle')
    expect(await troupe.way('quiet')).toEqual(['busy', 'idle'])
  })

  it('agentic-team 28, 30: who prints another CLI’s prompt, a result, an exit mark or an error is at work for as long as it works', async () => {
    const troupe = new Fooling()
    await troupe.ok('up')
    await troupe.ok('send', 'loud', 'Work')
    await troupe.shows('loud', '__AGENTIC_TEAM_EXIT__=0')
    expect(await troupe.agent('loud')).toMatchObject({ phase: 'busy', restarts: 0 })
    troupe.openGate()
    await troupe.phase('loud', 'idle')
    expect(await troupe.way('loud')).toEqual(['busy', 'idle'])
  })

  it('agentic-team 9: who speaks of approving and denying waits for nobody', async () => {
    const troupe = new Fooling()
    await troupe.ok('up')
    await troupe.ok('send', 'words', 'Work')
    await vi.waitFor(async () => expect((await troupe.mail())[0]?.state).toBe('acked'), patiently)
    await troupe.phase('words', 'idle')
    expect(await troupe.way('words')).toEqual(['busy', 'idle'])
  })

  it('agentic-team 28, 29, 30: a command of one’s own that prints them, shell prompts and percent signs too, is read by its own marks alone', async () => {
    const troupe = new Fooling()
    await troupe.ok('up')
    await troupe.ok('send', 'own', 'Work: coverage to 90%\nthen stop $\nroot#')
    await troupe.shows('own', 'user@host:~$')
    await troupe.phase('own', 'busy')
    expect(await troupe.agent('own')).toMatchObject({ phase: 'busy', restarts: 0 })
    troupe.openGate()
    await troupe.phase('own', 'idle')
    expect(await troupe.way('own')).toEqual(['busy', 'idle'])
  }, 200_000)
})
