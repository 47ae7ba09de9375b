import { describe, expect, it } from 'vitest'
import { fixture, launchRunning, supervisorContract } from './supervisor.ts'
import { tmuxStage } from './tmux-stage.ts'

supervisorContract('tmux (own server)', () => tmuxStage('own'))
supervisorContract("tmux (user's server)", () => tmuxStage('default'))

describe('a notice beside a terminal', () => {
  const hostile = 'wait #(touch pwned) #{pid} %H #[fg=blue] "now"'

  it.each(['own', 'default'] as const)('is on the status line of the team’s own server, as it is, and reaches no program (%s)', async (mode) => {
    const stage = await tmuxStage(mode)
    try {
      await stage.supervisor.start()
      const spec = fixture(stage, 'forever')
      await launchRunning(stage.supervisor, spec)
      const [{ pane } = { pane: '' }] = await stage.supervisor.list()
      const status = async () => (await stage.tmux('display-message', '-p', '-t', pane, '#{T:status-right}')).trim()
      const size = async () => await stage.tmux('display-message', '-p', '-t', pane, '#{pane_width} #{pane_height}')
      const [before, screen, cells] = [await status(), await stage.supervisor.screen(spec.incarnation), await size()]
      await stage.supervisor.notice(spec.incarnation, hostile)
      if (mode === 'own') expect(await status()).toBe(hostile.replaceAll('#', ''))
      else expect(await status()).toBe(before)
      expect([await stage.supervisor.screen(spec.incarnation), await size()]).toEqual([screen, cells])
      await stage.supervisor.notice(spec.incarnation, null)
      expect(await stage.tmux('show-options', '-t', pane)).not.toMatch(/@troupe_notice|status-/)
    } finally {
      await stage.end()
    }
  }, 120_000)
})
