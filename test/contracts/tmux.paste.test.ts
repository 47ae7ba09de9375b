import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { shellWord } from '../../src/supervisors/tmux/quote.ts'
import { fixture, generous } from './supervisor.ts'
import { tmuxStage, type TmuxStage } from './tmux-stage.ts'

const eventually = { timeout: generous, interval: 20 }
const otherTmux = fileURLToPath(new URL('../fixtures/other-tmux.mjs', import.meta.url))
type Tmux = 'as it is' | 'vis' | 'mangles' | 'bare'

describe('pasting on whatever tmux there is', { timeout: 60_000 }, () => {
  let stage: TmuxStage

  afterEach(async () => await stage.end())

  /** A composer on a tmux that pastes in this way. */
  async function begin(how: Tmux) {
    stage = await tmuxStage('own')
    const env = how === 'as it is' ? stage.options.env : { ...stage.options.env, PATH: [standIn(how), stage.options.env['PATH']].join(delimiter) }
    const supervisor = stage.again({ env })
    await supervisor.start()
    const file = join(stage.folder, 'sent')
    const spec = fixture(stage, 'composer', [file])
    await supervisor.launch(spec)
    await expect.poll(() => supervisor.screen(spec.incarnation), eventually).toContain('ready')
    const sent = () => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').map((line) => (JSON.parse(line) as { text: string }).text) : [])
    return { supervisor, incarnation: spec.incarnation, sent }
  }

  /** Its real path is found before ours stands in front of it. */
  function standIn(how: Tmux): string {
    const folder = join(stage.folder, 'bin')
    mkdirSync(folder)
    const real = (stage.options.env['PATH'] ?? '').split(delimiter).map((each) => join(each, 'tmux')).find((each) => existsSync(each)) ?? ''
    writeFileSync(join(folder, 'tmux'), `#!/bin/sh\nexec ${[process.execPath, otherTmux, how, real].map(shellWord).join(' ')} "$@"\n`)
    chmodSync(join(folder, 'tmux'), 0o755)
    return folder
  }

  /** A character that no C library knows, an end of a paste that would go on as keys, and lines. */
  const hostile = 'one \u{4f00d} \\$HOME "é"\n\u001b[201~\u0003two 日本 ␛'
  const whole = 'one \u{4f00d} \\$HOME "é"\n␛[201~␃two 日本 ␛'

  it.each<Tmux>(['as it is', 'vis'])('T4: text comes whole and as one, before 3.7 and after (%s)', async (how) => {
    const { supervisor, incarnation, sent } = await begin(how)
    await supervisor.type(incarnation, [{ paste: hostile }, { keys: ['Enter'] }])
    await supervisor.type(incarnation, [{ paste: `${'long é\n'.repeat(3_000)}end` }, { keys: ['Enter'] }])
    await expect.poll(sent, eventually).toHaveLength(2)
    expect(sent()).toEqual([whole, `${'long é\n'.repeat(3_000)}end`])
  })

  it.each<Tmux>(['mangles', 'bare'])('T4: where a paste would become something else, nothing is pasted, and that is said (%s)', async (how) => {
    const { supervisor, incarnation, sent } = await begin(how)
    const paste = [{ paste: hostile }, { keys: ['Enter'] }]
    await expect(supervisor.type(incarnation, paste)).rejects.toMatchObject({ code: 'incompatible', message: expect.stringContaining('does not paste') as string })
    await supervisor.type(incarnation, [{ text: 'typed' }, { keys: ['Enter'] }])
    await expect.poll(sent, eventually).toEqual(['typed'])
  })

  it('T4: the trial leaves no window and no buffer behind', async () => {
    const { supervisor, incarnation } = await begin('as it is')
    await supervisor.type(incarnation, [{ paste: 'x' }])
    expect((await stage.tmux('list-panes', '-a', '-F', '#{window_name}')).trim().split('\n')).toHaveLength(2)
    expect(await stage.tmux('list-buffers')).toBe('')
  })
})
