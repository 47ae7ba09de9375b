import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Observed, ProcessSpec, Supervisor } from '../../src/core/supervisor.ts'
import { processOf, stillRuns } from '../../src/util/processes.ts'

/** One host to be tested, on resources of its own. */
export interface Stage {
  /** Absolute folder for whatever a test writes. */
  folder: string
  /** Folder of launch specs. */
  specs: string
  supervisor: Supervisor
  /** Another supervisor over the same host and team, as a new daemon makes one. */
  again(): Supervisor
  /** One for another team on the same host, where the host is shared; null where teams never share one. */
  stranger(): Supervisor | null
  /** Ends whatever is left. */
  end(): Promise<void>
}

export const generous = 15_000
const eventually = { timeout: generous, interval: 20 }

const agents = fileURLToPath(new URL('../fixtures/agents/', import.meta.url))
let counter = 0

/** A launch of one of the programs in test/fixtures/agents. */
export function fixture(stage: Stage, program: string, args: string[] = [], more: Partial<ProcessSpec> = {}): ProcessSpec {
  const incarnation = `inc-${process.pid}-${++counter}`
  return {
    address: 'shop:dev',
    incarnation,
    argv: [process.execPath, join(agents, `${program}.mjs`), ...args],
    env: { PATH: process.env['PATH'] ?? '', TERM: 'tmux-256color', LANG: 'C.UTF-8', TROUPE_INCARNATION: incarnation },
    cwd: stage.folder,
    ...more,
  }
}

export async function seen(supervisor: Supervisor, incarnation: string): Promise<Observed | undefined> {
  return (await supervisor.list()).find((each) => each.incarnation === incarnation)
}

/** Launches a program that prints `running` and waits until it has. */
export async function launchRunning(supervisor: Supervisor, spec: ProcessSpec): Promise<number> {
  const { pid } = await supervisor.launch(spec)
  await expect.poll(() => supervisor.screen(spec.incarnation), eventually).toContain('running')
  return pid
}

export async function untilDead(supervisor: Supervisor, incarnation: string): Promise<Observed['state']> {
  await expect.poll(async () => (await seen(supervisor, incarnation))?.state.alive, eventually).toBe(false)
  return (await seen(supervisor, incarnation))?.state ?? { alive: true }
}

export async function untilGone(pid: number): Promise<void> {
  const gone = async () => {
    const process = await processOf(pid)
    return process === undefined || !(await stillRuns(process))
  }
  await expect.poll(gone, eventually).toBe(true)
}

/** What every supervisor promises, see core/supervisor.ts. */
export function supervisorContract(name: string, make: () => Promise<Stage>): void {
  describe(`${name} supervisor`, { timeout: 60_000 }, () => {
    let stage: Stage
    let supervisor: Supervisor

    beforeEach(async () => {
      stage = await make()
      supervisor = stage.supervisor
      await supervisor.start()
    })
    afterEach(async () => await stage.end())

    it('holds nothing at first, and starting twice changes nothing', async () => {
      await Promise.all([supervisor.start(), supervisor.start()])
      expect(await supervisor.list()).toEqual([])
    })

    it('gives a program exactly its argv, environment and folder, with default signals', async () => {
      const file = join(stage.folder, 'told.json')
      const odd = ['', 'two words', '$HOME', '`id`', '$(id)', '#{pane_id}', ';', 'a;', '-x', 'é\nnew line', '"\'\\']
      const cwd = join(stage.folder, 'a #(touch pwned) $(id) folder')
      mkdirSync(cwd)
      const spec = fixture(stage, 'tells', [file, ...odd], { cwd })
      spec.env = { ...spec.env, MULTI: 'two\nlines "quoted" $X #{pid}', EMPTY: '' }
      const { pid } = await supervisor.launch(spec)
      await expect.poll(() => existsSync(file), eventually).toBe(true)
      const told = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
      expect(told).toMatchObject({ argv: odd, env: spec.env, cwd, pid })
      expect(Object.keys(told['env'] as object).toSorted()).toEqual(Object.keys(spec.env).toSorted())
      expect(readdirSync(stage.specs)).toEqual([])
    })

    it('shows what runs, once, with its own process id', async () => {
      const spec = fixture(stage, 'forever')
      const pid = await launchRunning(supervisor, spec)
      const [first, ...others] = await supervisor.list()
      expect(others).toEqual([])
      expect(first).toMatchObject({ address: 'shop:dev', incarnation: spec.incarnation, pid, state: { alive: true } })
    })

    it('launches an incarnation once, however often it is asked, and no second one beside it', async () => {
      const spec = fixture(stage, 'forever')
      const first = await supervisor.launch(spec)
      expect(await supervisor.launch(spec)).toEqual(first)
      await expect(supervisor.launch(fixture(stage, 'forever'))).rejects.toMatchObject({ code: 'conflict' })
      expect(await supervisor.list()).toHaveLength(1)
      expect(readdirSync(stage.specs).length).toBeLessThanOrEqual(1)
    })

    it.each([0, 3, 255])('keeps the exit status %i until it is cleared', async (code) => {
      const spec = fixture(stage, 'exits', [String(code)])
      await supervisor.launch(spec)
      expect(await untilDead(supervisor, spec.incarnation)).toEqual({ alive: false, code, signal: null })
      await supervisor.clear(spec.incarnation)
      expect(await supervisor.list()).toEqual([])
    })

    it('tells which signal ended a program, and wakes its listeners', async () => {
      const spec = fixture(stage, 'forever')
      const pid = await launchRunning(supervisor, spec)
      let woken = 0
      const leave = supervisor.subscribe(() => woken++)
      process.kill(pid, 'SIGKILL')
      await expect.poll(() => woken, eventually).toBeGreaterThan(0)
      expect(await untilDead(supervisor, spec.incarnation)).toEqual({ alive: false, code: null, signal: 'SIGKILL' })
      leave()
    })

    it('says in plain words why a program could not be started', async () => {
      const cases = [
        { argv: ['no-such-program'], code: 127, words: 'no program "no-such-program"' },
        { argv: ['/dev/null/x'], code: 127, words: 'no program "/dev/null/x"' },
        { argv: [stage.folder], code: 127, words: 'no program' },
        { cwd: join(stage.folder, 'missing'), code: 127, words: 'cannot enter the working directory' },
      ]
      for (const { code, words, ...wrong } of cases) {
        const spec = fixture(stage, 'forever', [], wrong)
        await supervisor.launch(spec)
        expect(await untilDead(supervisor, spec.incarnation)).toMatchObject({ code })
        // The log has its own writer, which may be behind the death by a moment.
        const log = () => readFileSync(supervisor.logFile(spec.address), 'utf8').replaceAll(/\s+/g, ' ')
        await expect.poll(log, eventually).toContain(words)
        await supervisor.clear(spec.incarnation)
      }
    })

    it('stops politely by a signal', async () => {
      const spec = fixture(stage, 'forever')
      const pid = await launchRunning(supervisor, spec)
      const record = await supervisor.stop(spec.incarnation, { polite: 'signal', graceMs: generous })
      expect(record).toMatchObject({ took: 'polite', code: 0, signal: null, stragglers: [] })
      expect(await supervisor.list()).toEqual([])
      await untilGone(pid)
    })

    it('stops politely by typing', async () => {
      const spec = fixture(stage, 'composer', [join(stage.folder, 'sent')])
      await supervisor.launch(spec)
      await expect.poll(() => supervisor.screen(spec.incarnation), eventually).toContain('ready')
      const polite = [{ text: '/exit' }, { keys: ['Enter'] }]
      const record = await supervisor.stop(spec.incarnation, { polite, graceMs: generous })
      expect(record).toMatchObject({ took: 'polite', code: 0, stragglers: [] })
    })

    it('kills what ignores every request, and says so', async () => {
      const spec = fixture(stage, 'stubborn')
      const pid = await launchRunning(supervisor, spec)
      const record = await supervisor.stop(spec.incarnation, { polite: 'signal', graceMs: 100 })
      expect(record).toMatchObject({ took: 'SIGKILL', signal: 'SIGKILL' })
      expect(await supervisor.list()).toEqual([])
      await untilGone(pid)
    })

    it('kills at once where there is no grace', async () => {
      const spec = fixture(stage, 'forever')
      await launchRunning(supervisor, spec)
      expect(await supervisor.stop(spec.incarnation, { polite: 'signal', graceMs: 0 })).toMatchObject({ took: 'SIGKILL' })
    })

    it('ends the background child that left the terminal and ignores SIGTERM', async () => {
      const file = join(stage.folder, 'child.pid')
      const spec = fixture(stage, 'forks', [file])
      await launchRunning(supervisor, spec)
      const child = Number(readFileSync(file, 'utf8'))
      const record = await supervisor.stop(spec.incarnation, { polite: 'signal', graceMs: generous })
      expect(record).toMatchObject({ took: 'polite', stragglers: [child] })
      await untilGone(child)
    })

    it('ends what a killed program left behind when it is cleared', async () => {
      const file = join(stage.folder, 'child.pid')
      const spec = fixture(stage, 'forks', [file])
      process.kill(await launchRunning(supervisor, spec), 'SIGKILL')
      await untilDead(supervisor, spec.incarnation)
      await supervisor.clear(spec.incarnation)
      await untilGone(Number(readFileSync(file, 'utf8')))
    })

    it('stops what has ended or never was, without harm', async () => {
      const spec = fixture(stage, 'exits', ['7'])
      await supervisor.launch(spec)
      await untilDead(supervisor, spec.incarnation)
      expect(await supervisor.stop(spec.incarnation, { polite: 'signal', graceMs: 100 })).toMatchObject({ took: 'already gone', code: 7 })
      expect(await supervisor.stop('nobody', { polite: 'signal', graceMs: 100 })).toMatchObject({ took: 'already gone', code: null })
      await supervisor.clear('nobody')
    })

    it('refuses to clear what runs', async () => {
      const spec = fixture(stage, 'forever')
      await supervisor.launch(spec)
      await expect(supervisor.clear(spec.incarnation)).rejects.toMatchObject({ code: 'conflict' })
      expect(await seen(supervisor, spec.incarnation)).toMatchObject({ state: { alive: true } })
    })

    it('types text, keys and pastes as they are', async () => {
      const file = join(stage.folder, 'sent')
      const spec = fixture(stage, 'composer', [file])
      await supervisor.launch(spec)
      await expect.poll(() => supervisor.screen(spec.incarnation), eventually).toContain('ready')
      const hostile = '-x $(id) `id` #{pid} "q" \'s\' \\n ~ ünï 日本 👩‍👩‍👧 ;'
      const large = Array.from({ length: 1_500 }, (_, n) => `${n} ${'x'.repeat(30)} é`).join('\n')
      await supervisor.type(spec.incarnation, [{ text: hostile }, { keys: ['Enter'] }])
      await supervisor.type(spec.incarnation, [{ paste: 'one\ntwo\r\n\tthree ;' }, { keys: ['Enter'] }])
      await supervisor.type(spec.incarnation, [{ paste: large }, { keys: ['Enter'] }])
      await supervisor.type(spec.incarnation, [{ paste: 'a\x1b[201~\r/exit\rb' }, { keys: ['Enter'] }])
      const sent = () => readFileSync(file, 'utf8').trimEnd().split('\n').map((line) => (JSON.parse(line) as { text: string }).text)
      await expect.poll(() => existsSync(file) && sent().length, eventually).toBe(4)
      expect(sent()).toEqual([hostile, 'one\ntwo\n\tthree ;', large, 'a␛[201~\n/exit\nb'])
    })

    it('types control bytes as text, and refuses keys that do not exist', async () => {
      const spec = fixture(stage, 'composer', [join(stage.folder, 'sent')])
      await supervisor.launch(spec)
      await expect.poll(() => supervisor.screen(spec.incarnation), eventually).toContain('ready')
      await expect(supervisor.type(spec.incarnation, [{ keys: ['Entr'] }])).rejects.toMatchObject({ code: 'usage' })
      await supervisor.type(spec.incarnation, [{ text: 'x\x03' }])
      expect(await untilDead(supervisor, spec.incarnation)).toMatchObject({ code: 130 })
      await expect(supervisor.type(spec.incarnation, [{ text: 'x' }])).rejects.toMatchObject({ code: 'failed' })
      await expect(supervisor.type('nobody', [{ text: 'x' }])).rejects.toMatchObject({ code: 'unknown' })
    })

    it('refuses a paste for who has just died, and nobody else comes to harm', async () => {
      const dying = fixture(stage, 'composer', [join(stage.folder, 'sent')])
      const other = fixture(stage, 'forever', [], { address: 'shop:other' })
      const { pid } = await supervisor.launch(dying)
      const innocent = await supervisor.launch(other)
      process.kill(pid, 'SIGKILL')
      await untilDead(supervisor, dying.incarnation)
      const late = [{ paste: 'too late' }, { keys: ['Enter'] }]
      await expect(supervisor.type(dying.incarnation, late)).rejects.toMatchObject({ code: 'failed' })
      expect(await seen(supervisor, other.incarnation)).toMatchObject({ pid: innocent.pid, state: { alive: true } })
    })

    it('shows the screen, with scroll-back where asked for', async () => {
      const spec = fixture(stage, 'prints', ['200'], { size: { columns: 40, rows: 10 } })
      await supervisor.launch(spec)
      await expect.poll(() => supervisor.screen(spec.incarnation), eventually).toContain('all printed')
      expect(await supervisor.screen(spec.incarnation)).not.toContain('line 150\n')
      expect(await supervisor.screen(spec.incarnation, { lines: 150 })).toContain('line 100\n')
      await expect(supervisor.screen('nobody')).rejects.toMatchObject({ code: 'unknown' })
    })

    it('logs everything from the first byte, over the end of one incarnation into the next', async () => {
      const first = fixture(stage, 'prints', ['3000'])
      await supervisor.launch(first)
      const log = () => readFileSync(supervisor.logFile(first.address), 'utf8')
      await expect.poll(log, eventually).toContain('all printed')
      await supervisor.stop(first.incarnation, { polite: 'signal', graceMs: generous })
      const second = fixture(stage, 'exits', ['0'])
      await supervisor.launch(second)
      await untilDead(supervisor, second.incarnation)
      await expect.poll(log, eventually).toContain('leaving')
      expect(log().startsWith('line 1\r\nline 2\r\n')).toBe(true)
    })

    it('hands everything over to a supervisor that comes later, and nothing to strangers', async () => {
      const spec = fixture(stage, 'forever')
      const pid = await launchRunning(supervisor, spec)
      await supervisor.close()
      await supervisor.close()
      const later = stage.again()
      await later.start()
      expect(await later.list()).toMatchObject([{ address: 'shop:dev', incarnation: spec.incarnation, pid, state: { alive: true } }])
      expect(later.attachCommand(spec.incarnation, false)).toContain('-r')
      const stranger = stage.stranger()
      await stranger?.start()
      expect((await stranger?.list()) ?? []).toEqual([])
      await stranger?.down()
      expect(await later.stop(spec.incarnation, { polite: 'signal', graceMs: generous })).toMatchObject({ took: 'polite' })
      await later.close()
    })

    it('T30: hostile names stay names', async () => {
      const names = ['$(touch pwned)', '`touch pwned`', 'a;b', 'a;', '-t', 'new\nline', 'ünï 日本', '#{pane_id}', '#(touch pwned 2)', '%1', '=x', '{last}', "it's", 'x.y']
      const specs = names.map((hostile) => fixture(stage, 'forever', [], { address: `p${hostile}:a${hostile}` }))
      for (const spec of specs) await supervisor.launch(spec)
      expect((await supervisor.list()).map(({ address }) => address).toSorted()).toEqual(specs.map(({ address }) => address).toSorted())
      for (const spec of specs) {
        await expect.poll(() => supervisor.screen(spec.incarnation), eventually).toContain('running')
        await supervisor.stop(spec.incarnation, { polite: 'signal', graceMs: generous })
        expect(existsSync(supervisor.logFile(spec.address))).toBe(true)
      }
      expect(await supervisor.list()).toEqual([])
      expect(readdirSync(stage.folder)).not.toContain('pwned')
    })

    it('ends everything and itself, twice', async () => {
      const pids = await Promise.all(
        ['a', 'b', 'c'].map((agent) => launchRunning(supervisor, fixture(stage, agent === 'b' ? 'stubborn' : 'forever', [], { address: `shop:${agent}` }))),
      )
      await supervisor.down()
      for (const pid of pids) await untilGone(pid)
      await supervisor.down()
      expect(await supervisor.list()).toEqual([])
    })
  })
}
