import { describe, expect, test } from 'vitest'
import { agent, approval, Driven, now } from '../../../test/fixtures/tui.ts'
import { width } from '../text.ts'
import { render } from './render.ts'

test('80×24: who works, who waits, what broke; the terminal of the chosen agent; its mail', () => {
  const page = new Driven(80, 24)
  page.event({ on: 'loaded', approvals: [approval(1)] }).event({ on: 'screen', agent: 'p:boss', text: 'one\n\u001b[32mtwo\u001b[39m\n', why: '' })
  expect(page.text()).toBe(` troupe  myteam  ● 1 busy  ○ 1 idle  ✗ 1 broken
 1 approval waits (a): 1 ada deploy, 14m left: version 1
━▸ Agents 3 ━━━━━━━━━━━━━━━━━━━━│── boss ───────────────────────────────────────
   AGENT  STATE          FOR  IN│idle for 42s
▸  boss   ○ idle         42s    │one
   ada    ● busy         42s   2│two
   bob    ✗ quarantined  42s    │
                                │
                                │
                                │
                                │
                                │
                                │
                                │
                                │
                                │
                                │── [Inbox] Channel  Wire  ─────────────────────
                                │   #  AGE  FROM  TO        TEXT
                                │▸  3   1m  boss  p#all  ✓  to all of you
                                │   2   1m  boss  ada    ✓  message 2
                                │   1   1m  user  boss   ✓  do it↵now
                                │
                                │
q quit  ? help  Enter open  a approvals  @ write  ! channel  Tab pane  / filter`)
})

test('40×10: one pane at a time, and it says which are not shown', () => {
  const page = new Driven(40, 10)
  expect(page.text()).toContain('Agents 3')
  expect(page.text()).toContain('Not shown here: Screen, Mail (Tab)')
  expect(page.keys('tab', 'tab').text()).toContain('[Inbox]')
  expect(page.text()).toContain('Not shown here: Agents, Screen (Tab)')
})

test('z shows one pane over the whole screen, and all again', () => {
  const page = new Driven(80, 24).keys('tab', 'tab', 'z')
  expect(page.text()).toMatch(/━▸ \[Inbox\] Channel {2}Wire {2}━{50}/)
  expect(page.text()).toContain('Not shown here: Agents, Screen (Tab; z shows all)')
  expect(page.keys('z').text()).toContain('Agents 3')
})

test('200×60: all three beside each other, with room for words', () => {
  const page = new Driven(200, 60)
  const rows = page.lines()
  expect(rows[1]).toMatch(/Agents 3 .*│── boss .*│── \[Inbox\] Channel {2}Wire/)
  expect(page.text()).toContain('✗ quarantined')
  expect(page.text()).toContain('exit 1 five times')
})

test('smaller than anything can be drawn in, it says so', () => {
  expect(new Driven(18, 4).text().replaceAll('\n', '')).toContain('18×4 is too small')
})

describe('whatever is shown, at whatever size', () => {
  const hostile = 'x\u001b]0;title\u0007\u001b[2J\u202Eevil\u200b\u0000 日本語 e\u0301 👩‍👩‍👧 🇩🇪'
  const pages: [string, (page: Driven) => Driven][] = [
    ['overview', (page) => page],
    ['the terminal', (page) => page.keys('tab')],
    ['mail', (page) => page.keys('tab', 'tab', ']', ']')],
    ['approvals', (page) => page.keys('a')],
    ['a question', (page) => page.keys('a', 'y')],
    ['a note', (page) => page.keys('a', 'd', 'because 日本')],
    ['writing', (page) => page.keys('@').event({ on: 'paste', text: hostile.repeat(9) })],
    ['channels', (page) => page.keys('!')],
    ['a page', (page) => page.keys('enter').event({ on: 'page', subject: { of: 'agent', id: page.state.agents?.[0]?.agent ?? '' }, lines: [hostile, 'b'.repeat(300)] })],
    ['help', (page) => page.keys('?')],
    ['filter', (page) => page.keys('/').event({ on: 'paste', text: hostile })],
    ['command', (page) => page.keys(':').event({ on: 'paste', text: hostile.repeat(3) })],
  ]
  const sizes = [[20, 6], [21, 7], [33, 9], [40, 10], [70, 12], [80, 24], [131, 11], [200, 60]] as const
  test.each(pages)('%s fills the screen exactly and holds nothing that a terminal obeys', (_name, go) => {
    for (const [columns, rows] of sizes) {
      const page = new Driven(columns, rows)
      page.event({ on: 'loaded', agents: [agent(`p:${hostile}`, { detail: hostile }), agent('p:ada')], approvals: [approval(1, { summary: hostile, action: hostile, exact: JSON.stringify({ a: hostile }) })], channels: [hostile] })
      page.event({ on: 'screen', agent: `p:${hostile}`, text: `${hostile}\n${hostile.repeat(5)}`, why: '' })
      const frame = render(go(page).state)
      const lines = go(page).lines()
      expect(lines).toHaveLength(rows)
      for (const line of lines) {
        expect(width(line), `${columns}×${rows}: ${line}`).toBe(columns)
        expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/)
      }
      expect(frame.cursor?.column ?? 0).toBeLessThan(columns)
      expect(frame.cursor?.row ?? 0).toBeLessThan(rows)
    }
  })
})

test('a daemon that is away is said, and that what is shown is old', () => {
  const page = new Driven(80, 24).event({ on: 'link', link: { name: 'lost', since: now - 3_000 } })
  expect(page.lines()[0]).toContain('daemon away for 3s; what you see is old')
  expect(page.event({ on: 'link', link: { name: 'live' } }).lines()[0]).not.toContain('away')
  expect(page.lines().at(-1)).toContain('The daemon is back.')
})

test('a long list shows the part around what is chosen', () => {
  const page = new Driven(80, 12)
  page.event({ on: 'loaded', agents: Array.from({ length: 100 }, (_, i) => agent(`p:a${i}`)) })
  expect(page.text()).toContain('1–')
  page.keys('G')
  expect(page.text()).toMatch(/▸ {2}a99/)
  expect(page.keys('g').text()).toMatch(/▸ {2}a0/)
})
