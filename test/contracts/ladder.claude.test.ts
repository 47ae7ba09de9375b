import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import type { Message } from '../../src/core/message.ts'
import type { Rule, Step } from '../../src/proxy/scenario.ts'
import { claude } from '../../src/runtimes/claude/index.ts'
import { withClaude } from './claude-program.ts'
import { PostOffice } from './post-office.ts'
import { until } from './runtime-stage.ts'

const contains = (text: string) => (said: string) => (said.includes(text) ? [text] : null)
const tool = (name: string, args: Record<string, unknown> = {}): Step => ({ do: 'tool', tool: name, args, text: '', delay: 0 })
const say = (text: string, delay = 0): Step => ({ do: 'text', text, delay })
const on = (word: string, ...steps: Step[]): Rule => ({ when: contains(word), from: null, steps })

const rules = [
  on('do HOLD', tool('hold'), say('held')),
  on('do ASK', tool('Bash', { command: 'touch made', description: 'makes a file' }), say('asked')),
  on('do THINK', say('thought', 3_000)),
  // Claude's own words, when it makes a summary.
  on('Your task is to create a detailed summary', say('<summary>what was</summary>', 3_000)),
  on('HUGE', tool('inbox_read', { ids: ['{id}'] }), say('read')),
]

interface Situation {
  name: string
  /** Brings the agent into the situation. */
  enter(office: PostOffice): Promise<void>
  phase: string
  /** What a message shows while the situation lasts. */
  meanwhile?: 'queued'
  leave?(office: PostOffice): Promise<void>
  /** A person has begun to write: nothing may be pasted there. */
  draft?: string
}

const started = async (office: PostOffice, word: string) => {
  await office.start()
  await office.is('idle')
  await office.arrived(await office.send('bob', `do ${word}`))
}

/** The conversation that the next start goes on with. */
let session: string | null = null

const situations: Situation[] = [
  { name: 'idle', enter: async (office) => void (await office.start(), await office.is('idle')), phase: 'idle' },
  {
    name: 'a tool is running',
    enter: async (office) => void (await started(office, 'HOLD'), await until('the tool waits', () => office.stage.holding === 1)),
    phase: 'busy',
    meanwhile: 'queued',
    leave: async (office) => office.stage.letGo(),
  },
  { name: 'the model is at work', enter: (office) => started(office, 'THINK'), phase: 'busy', meanwhile: 'queued' },
  {
    name: 'a permission dialog is open',
    enter: async (office) => void (await started(office, 'ASK'), await office.is('waiting')),
    phase: 'waiting',
    meanwhile: 'queued',
    leave: async (office) => {
      await until('the question is drawn', async () => /Do you want to proceed/.test((await office.run?.screen()) ?? ''))
      await office.run?.type({ keys: ['Escape'] })
    },
  },
  { name: 'starting', enter: async (office) => void (await office.start()), phase: 'starting' },
  {
    name: 'restarting',
    enter: async (office) => {
      await started(office, 'THINK')
      await office.is('idle')
      const { id } = await office.run!.signal('session')
      await office.kill()
      session = id
    },
    phase: 'backoff',
    leave: async (office) => void (await office.start(session)),
  },
  {
    name: 'a person is typing a draft',
    enter: async (office) => {
      const run = await office.start()
      await office.is('idle')
      await run.type({ text: 'half a thou' })
      await until('the draft is there', async () => /❯\shalf a thou/.test(await run.screen()))
    },
    phase: 'idle',
    draft: 'half a thou',
  },
  {
    name: 'compacting',
    enter: async (office) => {
      await started(office, 'THINK')
      await office.is('idle')
      await office.run?.type({ text: '/compact' })
      await until('the command is there', async () => /❯\s\/compact/.test((await office.run?.screen()) ?? ''))
      await office.run?.type({ keys: ['Enter'] })
      await until('it asks for a summary', () => office.stage.asked.some((body) => body.includes('create a detailed summary')))
      await office.is('busy')
    },
    phase: 'busy',
    meanwhile: 'queued',
  },
]

const bodies: Record<string, string> = {
  'one byte': 'x',
  'many lines': Array.from({ length: 60 }, (_, n) => `line ${n}`).join('\n'),
  Unicode: `👩‍👩‍👧‍👦 日本語 e\u0301 ${'😀'.repeat(50)} ‮`,
  'control bytes': '\u001b[2J\u0003\u0004 \u0000 \u001b[201~ \r\n \u009b5n',
  '/exit': '/exit',
  '@file': '@/etc/passwd',
  '!cmd': '!touch owned',
  '#note': '#remember this',
  '8 KiB': 'w '.repeat(4_000),
  '256 KiB': `HUGE ${'y'.repeat(256 * 1024 - 6)}e`,
}

withClaude((env) => {
  describe('the delivery ladder on Claude Code', () => {
    const offices: PostOffice[] = []
    const open = async () => {
      const office = await PostOffice.open(claude(), env, rules)
      offices.push(office)
      return office
    }
    afterEach(async () => {
      for (const office of offices.splice(0)) {
        await office.close()
        expect(office.faults).toEqual([])
      }
    })

    it.each(situations)('delivers urgent, normal and low mail, agents’ and the operator’s, while $name', async ({ enter, phase, meanwhile, leave, draft }) => {
      const office = await open()
      await enter(office)
      expect(office.phase()).toBe(phase)
      const low = await office.send('user', 'this one has time', 'low')
      const normal = await office.send('bob', 'this is the message')
      const urgent = await office.send('carol', 'this one is urgent', 'urgent')
      if (meanwhile !== undefined) {
        for (const message of [urgent, normal]) {
          await until('it was offered', async () => (await office.delivery(message)).rung)
          expect((await office.delivery(message)).state).toBe(meanwhile)
          expect(office.asked(message)).toBe(false)
        }
        expect((await office.delivery(low)).rung).toBeNull()
        expect((await office.explain(low)).steps.at(-1)?.what).toBe('waits for the agent to be idle')
      }
      await leave?.(office)
      for (const message of [urgent, normal, low]) {
        const delivery = await office.arrived(message)
        expect(draft !== undefined || message !== low ? ['push'] : ['push', 'paste']).toContain(delivery.rung)
        expect(['hook', 'record']).toContain(delivery.proof)
        const { state, steps } = await office.explain(message)
        expect(state).toBe(`delivered (${delivery.proof})`)
        const story = steps.map((step) => step.what).join('\n')
        expect(story).toMatch(new RegExp(`^stored as message #${message.n}\\n(offered by [^]*)?delivered by ${delivery.rung}, proof ${delivery.proof}: .`))
      }
      await office.is('idle')
      const turnOf = (message: Message) => office.stage.asked.findIndex((body) => body.includes(message.id))
      if (meanwhile !== undefined) expect(turnOf(low)).toBeGreaterThan(Math.max(turnOf(urgent), turnOf(normal)))
      if (draft !== undefined) expect(await office.run!.screen()).toMatch(new RegExp(`❯\\s${draft}\\s*\\n`))
    })

    it('T5: delivers to the next incarnation what died with this one', async () => {
      const office = await open()
      await started(office, 'HOLD')
      await until('the tool waits', () => office.stage.holding === 1)
      const inClaude = await office.send('bob', 'queued inside when it died')
      await until('it was offered', async () => (await office.delivery(inClaude)).rung)
      const { id } = await office.run!.signal('session')
      await office.kill()
      office.stage.letGo()
      const between = await office.send('carol', 'sent while nothing ran')
      expect(office.why(between)).toMatch(/to run/)
      await office.start(id)
      // The delivered one is shown again. Whether its tool is called again depends on how far the transcript, which is
      // written in batches, had come: either is right, so whatever waits is let go.
      const release = setInterval(() => office.stage.letGo(), 50)
      try {
        for (const message of [inClaude, between]) {
          const { incarnation } = await office.arrived(message)
          expect(incarnation).toBe(office.run?.incarnation)
        }
      } finally {
        clearInterval(release)
      }
    })

    it('leaves a draft as it is, and what its author sends then is the draft alone', async () => {
      const office = await open()
      const run = await office.start()
      await office.is('idle')
      await run.type({ text: 'half a thou' })
      await until('the draft is there', async () => /❯\shalf a thou/.test(await run.screen()))
      for (const from of ['user', 'bob']) expect((await office.arrived(await office.send(from, `for ${from}`))).rung).toBe('push')
      await office.is('idle')
      expect(await run.screen()).toMatch(/❯\shalf a thou\s*\n/)
      await run.type({ text: 'ght' }, { keys: ['Enter'] })
      await until('the draft was sent', () => office.stage.asked.some((body) => /"half a thought"/.test(body)))
    })

    it('brings urgent and normal mail into the turn, low mail after it, an operator’s as the user', async () => {
      const office = await open()
      await started(office, 'HOLD')
      await until('the tool waits', () => office.stage.holding === 1)
      const low = await office.send('bob', 'when there is time', 'low')
      const urgent = await office.send('carol', 'at once', 'urgent')
      const normal = await office.send('user', 'soon')
      await until('both were offered', async () => (await office.delivery(urgent)).rung !== null && (await office.delivery(normal)).rung !== null)
      expect(office.why(low)).toMatch(/idle/)
      office.stage.letGo()
      const order = await Promise.all([urgent, normal, low].map((message) => office.arrived(message)))
      expect(order.map((each) => each.proof)).not.toContain(null)
      const turnOf = (message: Message) => office.stage.asked.findIndex((body) => body.includes(message.id))
      expect(turnOf(low)).toBeGreaterThan(Math.max(turnOf(urgent), turnOf(normal)))
      await office.is('idle')
      expect((await office.arrived(await office.send('user', 'typed for you'))).rung).toBe('paste')
    })

    it('loses nothing of a burst from three senders, and keeps the order of each', async () => {
      const office = await open()
      await office.start()
      await office.is('idle')
      const sent: Message[] = []
      for (let n = 0; n < 20; n++) sent.push(await office.send(['bob', 'carol', 'user'][n % 3]!, `burst ${n}`))
      for (const message of sent) await office.arrived(message)
      await office.is('idle')
      const last = office.stage.asked.at(-1)!
      for (const from of ['office:bob', 'office:carol', 'user']) {
        const places = sent.filter((each) => each.from === from).map((each) => last.indexOf(each.id))
        expect(places).not.toContain(-1)
        expect(places).toEqual(places.toSorted((a, b) => a - b))
      }
    })

    it('carries bodies of every kind, from agents and from the operator', async () => {
      const office = await open()
      await office.start()
      await office.is('idle')
      // A beginning is shown, the model fetches the rest, and Claude keeps a result of this size in a file for it.
      const fetched = async (message: Message) => {
        await until('it is acknowledged', async () => (await office.delivery(message)).state === 'acked')
        expect((await office.delivery(message)).proof).toBe('tool')
        await until('the whole is there for the model', () => {
          const files = office.stage.asked.flatMap((body) => [...body.matchAll(/saved to (\/[^\s"\\]+\.txt)/g)].map((found) => found[1]!))
          return files.map((file) => readFileSync(file, 'utf8')).some((text) => text.includes(message.id) && text.includes(message.text))
        })
      }
      const rungs = async (message: Message, rung: string) => {
        if (message.text.length > 16 * 1024) return await fetched(message)
        const found = await office.arrived(message)
        expect({ text: message.text.slice(0, 20), rung: found.rung }).toEqual({ text: message.text.slice(0, 20), rung })
      }
      const pushed: Message[] = []
      for (const text of Object.values(bodies)) pushed.push(await office.send('bob', text))
      for (const message of pushed) await rungs(message, 'push')
      for (const text of Object.values(bodies)) {
        await office.is('idle')
        await rungs(await office.send('user', text), 'paste')
      }
      expect(office.run?.signals.filter((signal) => signal.type === 'waiting')).toEqual([])
    }, 180_000)
  })
})
