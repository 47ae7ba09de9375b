import { describe, expect, test } from 'vitest'
import { agent, approval, Driven, mail } from '../../../test/fixtures/tui.ts'
import { bindings } from './keys.ts'

describe('the team', () => {
  test('what is chosen stays chosen by its name, whatever comes and goes around it', () => {
    const page = new Driven().keys('j')
    expect(page.text()).toMatch(/▸ {2}ada/)
    page.event({ on: 'loaded', agents: [agent('p:new'), agent('p:zoe'), agent('p:ada')] })
    expect(page.text()).toMatch(/▸ {2}ada/)
    expect(page.event({ on: 'loaded', agents: [agent('p:new')] }).text()).toMatch(/▸ {2}new/)
  })

  test('n goes to whoever waits or fell over', () => {
    expect(new Driven().keys('n').text()).toMatch(/▸ {2}bob/)
    const page = new Driven().event({ on: 'loaded', agents: [agent('p:ada')] }).keys('n')
    expect(page.lines().at(-1)).toContain('No agent waits for you')
  })

  test('a filter is applied as it is typed; Escape takes it away, Enter keeps it', () => {
    const page = new Driven().keys('/', 'bo')
    expect(page.text()).toMatch(/Agents 2 of 3 \/bo/)
    expect(page.text()).not.toContain('ada    ●')
    expect(page.keys('enter', 'j').text()).toMatch(/▸ {2}bob/)
    expect(page.keys('escape').text()).toContain('ada    ●')
    expect(page.keys('/', 'bo', 'escape').text()).toContain('ada    ●')
  })

  test('stop, start and restart ask first, and only y does it', () => {
    const page = new Driven()
    expect(page.keys('s').text()).toContain('Stop boss?')
    expect(page.keys('n').took()).toEqual([])
    expect(page.keys('s', 'enter').took()).toEqual([])
    expect(page.keys('s', 'y').took()).toEqual([{ do: 'stop', agent: 'p:boss' }])
    expect(page.keys('G', 's').text()).toContain('Start bob?')
    expect(page.keys('y', 'S', 'y').took()).toEqual([{ do: 'start', agent: 'p:bob' }, { do: 'restart', agent: 'p:bob' }])
  })
})

describe('mail', () => {
  test('its tabs: of the agent, of channels, all; as teamctl has them', () => {
    const page = new Driven(200, 40)
    const shown = () => page.text()
    expect(shown()).toContain('message 2')
    expect(page.keys('j').text()).not.toContain('do it')
    page.keys(']')
    expect(shown()).toContain('[Channel]')
    expect(shown()).toContain('to all of you')
    expect(shown()).not.toContain('message 2')
    page.keys(']')
    expect(shown()).toContain('[Wire]')
    expect(shown()).toContain('do it↵now')
    expect(page.keys('[', '[').text()).toContain('[Inbox]')
  })

  test('Enter sends, other keys for Enter begin a line; it is a draft until the daemon has it', () => {
    const page = new Driven().keys('j', '@', 'hello q?', 'ctrl-j', 'there', 'alt-enter', 'x', 'enter')
    expect(page.took()).toEqual([{ do: 'send', to: { kind: 'agent', name: 'p:ada' }, text: 'hello q?\nthere\nx' }])
    page.event({ on: 'told', text: 'the daemon is away', bad: true })
    expect(page.keys('@').text()).toContain('hello q?')
    page.keys('escape').event({ on: 'sent', to: 'p:ada', said: 'hello q?\nthere\nx', text: '#4' })
    expect(page.keys('@').text()).not.toContain('hello q?')
  })

  test('what was begun while a message went out is kept when that has arrived', () => {
    const page = new Driven().keys('j', '@', 'first', 'enter', '@', ' and more', 'escape')
    page.event({ on: 'sent', to: 'p:ada', said: 'first', text: '#4' })
    expect(page.keys('@').text()).toContain('first and more')
  })

  test('what was written and not sent is kept for the next time', () => {
    const page = new Driven().keys('@', 'half a', 'escape')
    expect(page.took()).toEqual([])
    expect(page.keys('j', '@').text()).not.toContain('half a')
    expect(page.keys('escape', 'k', '@', ' thought', 'enter').took()).toEqual([{ do: 'send', to: { kind: 'agent', name: 'p:boss' }, text: 'half a thought' }])
  })

  test('a broadcast: the channel is picked from those there are, and it is really sent', () => {
    const page = new Driven().keys('!')
    expect(page.text()).toContain('▸ p#all')
    expect(page.keys('j', 'enter', 'stop', 'enter').took()).toEqual([{ do: 'send', to: { kind: 'channel', name: 'p#devs' }, text: 'stop' }])
    expect(new Driven().event({ on: 'loaded', channels: [] }).keys('!').text()).toContain('has no channel')
  })

  test('an agent that says little has its mail shown too, though the newest of all are of others', () => {
    const page = new Driven(200, 40).event({ on: 'loaded', inbox: { agent: 'p:bob', rows: [mail(1, { to: 'p:bob', text: 'long ago' })] } })
    expect(page.text()).not.toContain('long ago')
    page.keys('G')
    expect(page.asked()).toEqual(['inbox'])
    expect(page.text()).toContain('long ago')
  })

  test('leaving lets go of no draft without a question', () => {
    const page = new Driven().keys('@', 'unsaid', 'escape', 'q')
    expect(page.took()).toEqual([])
    expect(page.text()).toContain('unsaid')
    expect(page.keys('n', 'q', 'y').took()).toEqual([{ do: 'quit', code: 0 }])
  })

  test('r answers whoever wrote the message that is chosen or read', () => {
    const page = new Driven().keys('j', 'tab', 'tab')
    expect(page.keys('r').text()).toContain('To boss')
    page.keys('escape', 'enter')
    expect(page.took()).toEqual([{ do: 'page', subject: { of: 'message', id: 'm2' } }])
    expect(page.keys('r').text()).toContain('To boss')
  })

  test('what is pasted is text, never keys', () => {
    const page = new Driven().event({ on: 'paste', text: 'q' })
    expect(page.took()).toEqual([])
    page.keys('s').event({ on: 'paste', text: 'y' })
    expect(page.took()).toEqual([])
    page.keys('n', '@').event({ on: 'paste', text: 'one\r\ntwo\u001b[31m' })
    expect(page.keys('enter').took()).toEqual([{ do: 'send', to: { kind: 'agent', name: 'p:boss' }, text: 'one\ntwo\\u{1b}[31m' }])
  })
})

describe('approvals', () => {
  const waiting = () => new Driven().event({ on: 'loaded', approvals: [approval(2), approval(1)] })

  test('y shows the exact action first, and a second y approves that one', () => {
    const page = waiting().keys('a')
    expect(page.text()).toContain('make deploy 1')
    expect(page.keys('j', 'y').text()).toContain('Approve 2: deploy, once, by p:ada?')
    expect(page.took()).toEqual([])
    expect(page.keys('y').took()).toEqual([{ do: 'decide', id: 'a2', n: 2, verdict: 'approve', note: '' }])
  })

  test('a denial takes a word to the agent, or none; Escape leaves it undecided', () => {
    expect(waiting().keys('a', 'N', 'tests first', 'enter').took()).toEqual([{ do: 'decide', id: 'a1', n: 1, verdict: 'deny', note: 'tests first' }])
    expect(waiting().keys('a', 'd', 'enter').took()).toEqual([{ do: 'decide', id: 'a1', n: 1, verdict: 'deny', note: '' }])
    expect(waiting().keys('a', 'd', 'no', 'escape').took()).toEqual([])
  })

  test('one that is decided elsewhere is no question any more', () => {
    const page = waiting().keys('a', 'y').event({ on: 'loaded', approvals: [approval(2)] })
    expect(page.text()).toContain('That approval waits no more')
    expect(page.keys('y').text()).toContain('Approve 2')
    expect(page.event({ on: 'loaded', approvals: [] }).keys('y').took()).toEqual([])
    expect(page.text()).toContain('Agents 3')
  })

  test('a new one never takes the place of the one that is asked about', () => {
    const page = waiting().keys('a', 'y').event({ on: 'loaded', approvals: [approval(3), approval(2), approval(1), approval(0)] })
    expect(page.keys('y').took()).toEqual([{ do: 'decide', id: 'a1', n: 1, verdict: 'approve', note: '' }])
  })
})

describe('a passphrase', () => {
  const asked = () => new Driven().event({ on: 'challenge', n: 3 })

  test('is asked for where the team wants one, and never shown', () => {
    const page = asked().keys('open', 'sesame')
    expect(page.text()).toContain('Passphrase to approve 3')
    expect(page.text()).toContain('••••••••••')
    expect(page.text()).not.toContain('sesame')
    expect(page.keys('enter').took()).toEqual([{ do: 'prove', passphrase: 'opensesame' }])
    expect(page.keys('enter', 'escape', '@').text()).not.toContain('sesame')
  })

  test('Escape and an empty one decide nothing', () => {
    expect(asked().keys('enter').took()).toEqual([])
    expect(asked().keys('x', 'escape').took()).toEqual([{ do: 'prove', passphrase: null }])
    expect(asked().event({ on: 'paste', text: 'two  words\n' }).keys('enter').took()).toEqual([{ do: 'prove', passphrase: 'two  words' }])
  })

  test('what was being written when it is asked for is kept', () => {
    expect(new Driven().keys('@', 'half').event({ on: 'challenge', n: 3 }).keys('escape', '@').text()).toContain('half')
  })
})

describe('commands', () => {
  test.each([
    ['stop ada', 'Stop ada?'],
    ['restart p:ada', 'Restart ada?'],
    ['mail boss', '[Inbox]'],
    ['mail', '[Wire]'],
    ['stop aad', 'There is no agent aad. Did you mean ada?'],
    ['stpo', 'There is no command stpo. Did you mean stop?'],
    ['validate', 'validate is not for this page. In a terminal: troupe validate'],
    ['send ada hi there', 'To ada'],
    ['broadcast all hi', 'To p#all'],
    ['approvals', 'No approval waits for you.'],
    ['help', 'Keys'],
    ['logs', 'Name an agent.'],
  ])(':%s', (typed, shown) => {
    expect(new Driven().keys(':', typed, 'enter').text()).toContain(shown)
  })

  test('Tab completes names of commands, agents and channels', () => {
    const completed = (typed: string) => new Driven().keys(':', typed, 'tab').lines().at(-1)?.trimEnd()
    expect(completed('insp')).toBe(':inspect')
    expect(completed('stop b')).toBe(':stop bo  boss  bob')
    expect(completed('broadcast d')).toBe(':broadcast devs')
    expect(completed('st')).toMatch(/^:st {2}start .*stop/)
    expect(completed('zzz')).toBe(':zzz')
  })

  test('quit leaves', () => {
    expect(new Driven().keys(':', 'q', 'enter', 'q', 'ctrl-c').took()).toEqual([{ do: 'quit', code: 0 }, { do: 'quit', code: 0 }, { do: 'quit', code: 130 }])
  })
})

test('the help is the table of keys: each does what it says, and none is told twice in one place', () => {
  const page = new Driven(100, 60).keys('?')
  const lines = page.lines().map((line) => line.trim().replace(/ +/g, ' '))
  for (const { shown, about } of bindings) expect(lines).toContain(`${shown} ${about}`)
  for (const place of [new Driven(), new Driven().keys('enter'), new Driven().event({ on: 'loaded', approvals: [approval(1)] }).keys('a')]) {
    const keys = bindings.filter(({ here }) => here(place.state)).flatMap((each) => each.keys)
    expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([])
  }
})

test('a page is read to its end and not further, and what arrives for another page is not shown on it', () => {
  const page = new Driven().keys('enter').event({ on: 'page', subject: { of: 'agent', id: 'p:boss' }, lines: Array.from({ length: 100 }, (_, i) => `line ${i}`) })
  page.event({ on: 'page', subject: { of: 'agent', id: 'p:ada' }, lines: ['of another'] })
  expect(page.text()).toContain('line 0')
  expect(page.keys('G').text()).toContain('line 99')
  expect(page.keys('j', 'j', 'k').text()).not.toContain('line 99')
  expect(page.keys('g').text()).toContain('line 0')
  expect(page.keys('escape').text()).toContain('Agents 3')
})

test('mail that comes while a message is chosen does not move the choice', () => {
  const page = new Driven(200, 40).keys('tab', 'tab', ']', ']', 'j')
  page.event({ on: 'loaded', mail: [mail(9, { text: 'newest' }), ...page.state.mail] })
  expect(page.keys('enter').took()).toEqual([{ do: 'page', subject: { of: 'message', id: 'm2' } }])
})
