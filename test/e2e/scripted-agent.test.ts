import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Office } from './office.ts'

const scenario = `
about: one agent and everything that can happen to it
agents:
  p:a:
    - when: /^pass on (.+)/
      do:
        - tool: dm
          args: { to: b, text: "{1}" }
        - tool: inbox_ack
          args: { ids: "{ids}" }
        - text: passed on
    - when: nap
      do: [{ tool: sleep, args: { ms: 3600000 } }, { text: awake }]
    - when: die
      do: [{ tool: crash }, { tool: dm, args: { to: b, text: risen } }, { text: alive }]
    - when: leave
      do: [{ tool: exit, args: { code: 7 } }, { text: back }]
    - when: shaky
      do: [{ status: 529 }, { drop: true }, { text: steady }]
    - when: limit
      do: [{ status: 429, headers: { retry-after: 600 }, message: come back later }, { text: through }]
    - when: expired
      do: [{ status: 401, message: who are you }]
    - when: brief
      do: [{ tool: dm, args: { to: b, text: first } }, { text: over }]
`

const patience = { timeout: 30_000, interval: 20 }
let office: Office

beforeEach(async () => {
  office = new Office(scenario)
  await office.open()
})
afterEach(() => office.close())

const said = (event: string) => office.hooks.filter((hook) => hook.event === event)
const until = <T>(check: () => T) => vi.waitFor(check, patience)

it('does with its mail what the scenario says, and reports it', async () => {
  const id = office.post('pass on the news')
  const agent = office.start()
  await until(() => expect(said('idle').length).toBeGreaterThan(0))
  await until(() => expect(agent.output).toContain('passed on'))
  await until(() => expect(office.hooks.at(-1)?.event).toBe('idle'))
  expect(office.sent).toMatchObject([{ to: 'b', text: 'the news' }])
  expect(office.isAcked(id)).toBe(true)
  expect(said('ready')).toMatchObject([{ session: 'test', resumed: false }])
  expect(said('busy')).toHaveLength(1)
  expect(said('usage').map((hook) => hook['tokens'])).toEqual(office.model.requests().map((each) => each.usage))
})

it('acknowledges what the script leaves open', async () => {
  const id = office.post('no rule for this')
  office.start()
  await until(() => expect(office.isAcked(id)).toBe(true))
})

it('takes in mail in the middle of a turn', async () => {
  let release = (): void => {}
  office.postBox = new Promise((resolve) => (release = resolve))
  const agent = office.start()
  office.post('brief work')
  await until(() => expect(office.sent).toHaveLength(1))
  office.post('pass on more')
  await until(() => expect(agent.output).toContain('+ mail #2 from user'))
  release()
  await until(() => expect(office.sent.map((each) => each.text)).toEqual(['first', 'more']))
  await until(() => expect(agent.output).toContain('passed on'))
  expect(said('busy')).toHaveLength(1)
})

it('goes on after kill -9 where it was, and does nothing twice', async () => {
  const id = office.post('die now')
  const first = office.start()
  expect(await first.ended).toMatchObject({ signal: 'SIGKILL' })
  expect(office.isAcked(id)).toBe(false)
  const second = office.start()
  await until(() => expect(second.output).toContain('alive'))
  await until(() => expect(office.isAcked(id)).toBe(true))
  expect(office.sent.map((each) => each.text)).toEqual(['risen'])
  expect(said('ready').map((hook) => hook['resumed'])).toEqual([false, true])
})

it('outlives the daemon, and says its state again', async () => {
  office.start()
  await until(() => expect(said('idle').length).toBeGreaterThan(0))
  await office.shut()
  const before = said('idle').length
  const id = office.post('pass on late')
  await office.open()
  await until(() => expect(said('idle').length).toBeGreaterThan(before))
  await until(() => expect(office.isAcked(id)).toBe(true))
  expect(office.sent).toHaveLength(1)
})

it('takes lines and pastes from the terminal, and says that it took them', async () => {
  const agent = office.start()
  await until(() => expect(said('idle').length).toBeGreaterThan(0))
  agent.type('pass on typed words\n')
  await until(() => expect(office.sent).toHaveLength(1))
  const letter = '[mail #9 · from user (the operator) · trust operator · via dm · id 0190-x]\n<<<n\npass on a letter\nn>>>\nrest'
  agent.type(`a draft\x1b[200~${letter.replaceAll('\n', '\r')}\x1b[201~\r`)
  await until(() => expect(office.sent.map((each) => each.text)).toEqual(['typed words', 'a letter']))
  await until(() => expect(said('taken').map((hook) => hook['text'])).toEqual(['pass on typed words', letter]))
})

it('does nothing with the beginning of a long message: all of it comes by its mailbox', async () => {
  const agent = office.start()
  await until(() => expect(said('idle').length).toBeGreaterThan(0))
  const beginning = '[mail #1 · from user (the operator) · trust operator · via dm · id 0190-x]\n<<<n\npass on half\nn>>>\nThis is the beginning of 20000 bytes. Fetch all of it: inbox_read with ids [1].'
  agent.type(`\x1b[200~${beginning.replaceAll('\n', '\r')}\x1b[201~\rpass on the end\n`)
  await until(() => expect(office.sent.map((each) => each.text)).toEqual(['the end']))
  expect(office.post('pass on all of it')).toBe(1)
  await until(() => expect(office.sent.map((each) => each.text)).toEqual(['the end', 'all of it']))
  expect(said('taken').map((hook) => hook['text'])).toEqual(['pass on the end'])
})

it('stops a turn on C-c and stays', async () => {
  const agent = office.start()
  office.post('nap')
  await until(() => expect(agent.output).toContain('* sleep'))
  agent.type('\x03')
  await until(() => expect(agent.output).toContain('Interrupted'))
  office.post('pass on after')
  await until(() => expect(office.sent.map((each) => each.text)).toEqual(['after']))
  expect(agent.output).not.toContain('awake')
})

it('ends with the code that the script says, on /exit, and on SIGTERM', async () => {
  office.post('leave')
  expect(await office.start().ended).toMatchObject({ code: 7 })
  const second = office.start()
  await until(() => expect(second.output).toContain('back'))
  second.type('/exit\n')
  expect(await second.ended).toMatchObject({ code: 0 })
  const third = office.start()
  await until(() => expect(said('ready')).toHaveLength(3))
  third.kill('SIGTERM')
  expect(await third.ended).toMatchObject({ code: 143 })
})

it('gets through failures of the model that pass', async () => {
  const agent = office.start()
  office.post('shaky ground')
  await until(() => expect(agent.output).toContain('steady'))
  expect(office.model.requests().map((each) => each.outcome)).toEqual(['status', 'drop', 'answered'])
})

it('reports failures that do not', async () => {
  office.start()
  office.post('limit')
  await until(() => expect(said('failure')).toMatchObject([{ class: 'quota', why: '429 come back later', until: expect.any(Number) }]))
  office.post('expired')
  await until(() => expect(said('failure')).toHaveLength(2))
  expect(said('failure')[1]).toMatchObject({ class: 'auth', until: null })
})

it('only acknowledges without a model', async () => {
  const id = office.post('pass on nothing')
  office.start({ quiet: true })
  await until(() => expect(office.isAcked(id)).toBe(true))
  expect(office.model.requests()).toEqual([])
})
