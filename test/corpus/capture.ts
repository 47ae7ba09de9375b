import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Launch } from '../../src/core/runtime.ts'
import type { Rule, Step } from '../../src/proxy/scenario.ts'
import { loadRuntime } from '../../src/runtimes/index.ts'
import { RuntimeStage, until, type Run } from '../contracts/runtime-stage.ts'
import { foolingWords } from './words.ts'

/**
 * `node test/corpus/capture.ts NAME [narrow|usual|wide]` takes screens of the real CLI in states that are known from the script, for
 * test/fixtures/screens/NAME: for a new version, or where one was misread.
 */
const [name = '', only] = process.argv.slice(2)
const folder = fileURLToPath(new URL(`../fixtures/screens/${name}`, import.meta.url))
const clis = fileURLToPath(new URL('../../.clis/bin', import.meta.url))
const sizes = { wide: { columns: 180, rows: 50 }, usual: { columns: 100, rows: 30 }, narrow: { columns: 48, rows: 24 } }
/** How each asks for leave to run a command. */
const shells: Record<string, Step> = {
  'claude-code': call('Bash', { command: 'touch made', description: 'makes a file' }, words()),
  codex: call('exec_command', { cmd: 'touch made', sandbox_permissions: 'require_escalated', justification: 'makes a file' }, words()),
  gemini: call('run_shell_command', { command: 'touch made', description: 'makes a file' }, words()),
  opencode: call('bash', { command: 'touch made', description: 'makes a file' }, words()),
}
/** A screen is drawn a moment after its state changed; what moves on it is of no matter. ms */
const drawn = 1_500

const contains = (text: string) => (said: string) => (said.includes(text) ? [text] : null)
const say = (text: string, delay = 0): Step => ({ do: 'text', text, delay })
const refused: Step = { do: 'fail', how: { kind: 'status', status: 401, headers: {}, message: 'invalid x-api-key' }, times: 20, delay: 0 }
const rules: Rule[] = [
  { when: contains('THINK'), from: null, steps: [say('too late', 600_000)] },
  { when: contains('SAY'), from: null, steps: [say(words())] },
  { when: contains('QUOTE'), from: null, steps: [call('quote'), say('quoted')] },
  { when: contains('HOLD'), from: null, steps: [call('quote', {}, words()), call('hold', {}, words()), say('held')] },
  { when: contains('ASK'), from: null, steps: [call('quote', {}, words()), shells[name] ?? say('no shell'), say('asked')] },
  { when: contains('REFUSED'), from: null, steps: [refused] },
]

async function capture(size: keyof typeof sizes): Promise<void> {
  const runtime = await loadRuntime(name, null, 'terminal')
  const stage = await RuntimeStage.make(runtime, {
    env: { PATH: `${clis}${delimiter}${process.env['PATH'] ?? ''}` },
    rules,
    tools: (server) => void server.registerTool('quote', { description: 'Says words.' }, () => ({ content: [{ type: 'text', text: words() }] })),
  })
  const larger = (launch: Launch): Launch => ({ ...launch, spec: { ...launch.spec, size: sizes[size] } })
  try {
    const run = await stage.start(null, larger)
    await run.signal('idle')
    await take('idle', 'at its start')
    await tell(run, 'SAY')
    await over(run)
    await take('idle', 'after words')
    await tell(run, 'QUOTE')
    await over(run)
    await take('idle', 'after a tool with words')
    await tell(run, 'HOLD')
    await until('the tool waits', () => stage.holding === 1)
    await take('busy', 'in a tool after words')
    const held = run.signals.length
    stage.letGo()
    await run.signal('idle', undefined, held)
    await tell(run, 'ASK')
    await run.signal('waiting', undefined, from)
    await take('waiting', 'for leave after words')
    const asked = run.signals.length
    await run.type({ keys: ['Escape'] })
    await run.signal('idle', undefined, asked)
    await take('idle', 'after a no')
    await tell(run, 'THINK')
    await run.signal('busy', undefined, from)
    await take('busy', 'before the first word')
    const thinking = run.signals.length
    await run.session.interrupt()
    await run.signal('idle', undefined, thinking)
    await take('idle', 'interrupted')
    await run.type({ keys: ['C-u'] }, { text: 'half a draft' })
    await take('idle', 'with a draft')

    async function take(state: string, what: string): Promise<void> {
      await sleep(drawn)
      // A conversation may go another way than the script: then this is no screen of that state.
      const now = run.signals.findLast(({ type }) => ['idle', 'busy', 'waiting'].includes(type))?.type
      if (now !== state) return void process.stderr.write(`${name}: ${what}, ${size}: left out, it is ${now ?? 'starting'}\n`)
      const text = (await run.screen({ escapes: true })).replaceAll(stage.folder, '/srv/team').replaceAll(join(tmpdir(), 'troupe-runtime-'), '/srv/team-').trimEnd()
      writeFileSync(join(folder, `${state} ${what} ${size}.txt`.replaceAll(' ', '-')), `${text}\n`)
      process.stderr.write(`${name}: ${state}, ${what}, ${size}\n`)
    }
  } catch (error) {
    process.stderr.write(`${name}, ${size}: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  } finally {
    await stage.end()
  }

  async function tell(run: Run, text: string): Promise<void> {
    from = run.signals.length
    const rung = runtime.abilities.rungs.idle.find((each) => each !== 'fetch')
    if (rung !== undefined) await run.session.deliver(rung, stage.parcel('operator', text))
  }

  async function over(run: Run): Promise<void> {
    const busy = await run.signal('busy', undefined, from)
    await run.signal('idle', undefined, run.signals.indexOf(busy))
  }
}

let from = 0
mkdirSync(folder, { recursive: true })
for (const size of Object.keys(sizes) as (keyof typeof sizes)[]) if (only === undefined || size === only) await capture(size)

function words(): string {
  return foolingWords.join('\n\n')
}

function call(tool: string, args: Record<string, unknown> = {}, text = ''): Step {
  return { do: 'tool', tool, args, text, delay: 0 }
}
