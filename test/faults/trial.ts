import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../../src/client/connect.ts'
import type { Client } from '../../src/client/client.ts'
import { teamPaths } from '../../src/config/paths.ts'
import { Chance } from './chance.ts'
import { Recorder, type Found, type History, type StoredMessage } from './history.ts'
import { judge, receipts, type Violation } from './judge.ts'
import { killAgainAndAgain, type Kills } from './killer.ts'
import { Reader } from './readers.ts'
import { agentPen, keepSending, operatorPen, type Addressee } from './senders.ts'
import type { AgentDoor } from './tools.ts'

export interface TrialOptions {
  root: string
  /** Runs a troupe command to its end; throws if it fails. */
  troupe(...args: string[]): Promise<string>
  kills: number
  seed: number
}

export interface Verdict {
  kills: Kills
  acknowledged: number
  /** Sends that were tried again because nobody knew what became of them. */
  retried: number
  /** Messages as readers got them; a broadcast is one for each. */
  shown: number
  violations: Violation[]
  /** For whoever looks into a violation. */
  history: History
  seconds: number
}

const readers = ['a0', 'a1', 'a2', 'a3', 'a4'] as const
const writing = 3
/** How long readers may take to get through what is left when the kills are over, ms. */
const settleMs = 120_000

/**
 * Files of the team for `trial`: agents that run, and leave their mail to their own bearer's calls. The program shows
 * that it is busy, so that nothing is typed into it.
 */
export function trialFiles(broker: object | null): Record<string, string> {
  const workers = Object.fromEntries(readers.map((name) => [name, { runtime: 'still', can_dm: ['*'], can_broadcast: ['all'] }]))
  return {
    'team-compose.yaml': JSON.stringify({
      version: 2,
      loop_guard: { enabled: false },
      ...(broker === null ? {} : { broker }),
      limits: { requests_per_second: 10_000, inbox_messages: 1_000_000 },
      projects: [{ file: 'projects/p.yaml' }],
    }),
    'projects/p.yaml': JSON.stringify({ version: 2, project: { id: 'p', name: 'P', cwd: '.' }, channels: [{ name: 'all', members: '*' }], workers }),
    'runtimes/still.yaml': JSON.stringify({ binary: 'sh', args: ['-c', 'echo ready; while :; do sleep 3600; done'], supports_mcp: true, ready: '^ready', busy: '^ready' }),
  }
}

/**
 * Eight senders (three by the operator socket, two by HTTP, three agents by MCP), a reader for each of five agents, and
 * the daemon killed meanwhile. What all of them saw is judged against what is there once everything was read.
 */
export async function trial(options: TrialOptions): Promise<Verdict> {
  const begun = performance.now()
  const { root, troupe, seed } = options
  const socket = teamPaths(root).operatorSocket
  const chance = new Chance(seed)
  const recorder = new Recorder()
  await troupe('up')
  const doors = await Promise.all(readers.map(async (name) => await doorOf(troupe, `p:${name}`)))
  const pens = await pensOf(socket, doors)
  const inboxes = doors.map((door) => new Reader(door, recorder, chance.fork()))

  const [sent, read] = [new AbortController(), new AbortController()]
  const sending = Promise.all(pens.map((pen) => keepSending(pen, addresseesOf(pen.from), recorder, chance.fork(), sent.signal)))
  const reading = Promise.all(inboxes.map((inbox) => inbox.keepReading(read.signal)))
  // Whoever is refused what should be given ends the trial at once.
  const broken = new Promise<never>((_, reject) => [sending, reading].map((work) => work.catch(reject)))
  try {
    const kills = await Promise.race([killAgainAndAgain(options.kills, { root, socket, recorder, chance: chance.fork(), revive: () => troupe('ps') }), broken])
    sent.abort()
    await Promise.race([sending, broken])
    await Promise.race([settled(recorder, inboxes), broken])
    read.abort()
    await reading
    const client = await connect({ socket })
    const found = await gather(client, recorder).finally(() => client.close())
    const acknowledged = recorder.sends.filter((send) => receipts(send).length > 0).length
    const retried = recorder.sends.filter(({ tries }) => tries.length > 1).length
    const shown = new Set(recorder.readings.flatMap(({ agent, requests }) => requests.flatMap(({ outcome }) => (outcome.kind === 'ok' ? outcome.value.map(({ n }) => `${agent} ${n}`) : [])))).size
    return { kills, acknowledged, retried, shown, violations: judge(recorder, found), history: recorder, seconds: (performance.now() - begun) / 1000 }
  } finally {
    sent.abort()
    read.abort()
    await Promise.allSettled([sending, reading])
  }
}

async function pensOf(socket: string, doors: AgentDoor[]) {
  const client = await connect({ socket })
  const http = await client.call('daemon.token', {}).finally(() => client.close())
  const operators = [{ socket }, { socket }, { socket }, http, http].map(operatorPen)
  return [...operators, ...doors.slice(0, writing).map(agentPen)]
}

function addresseesOf(from: string): [Addressee, ...Addressee[]] {
  const others = readers.map((name) => `p:${name}`).filter((address) => address !== from)
  const channel: Addressee = { written: from === 'user' ? 'p#all' : '#all', to: 'p#all', recipients: others }
  return [channel, ...others.map((address) => ({ written: address, to: address, recipients: [address] }))]
}

/** Reads the agent's own environment, as its shell could. Linux. */
async function doorOf(troupe: TrialOptions['troupe'], address: string): Promise<AgentDoor> {
  const { pid } = JSON.parse(await troupe('inspect', address, '--json')) as { pid: number }
  const lines = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])
  const { TROUPE_MCP_URL: url, TROUPE_AGENT_TOKEN: token } = Object.fromEntries(lines) as Record<string, string>
  if (url === undefined || token === undefined) throw new Error(`${address} runs without its address and token`)
  return { address, url, token }
}

/** Until every reader is through with what was acknowledged for it, or for so long: then the judge says what is missing. */
async function settled(recorder: Recorder, inboxes: Reader[]): Promise<void> {
  const end = Date.now() + settleMs
  const due = inboxes.map((inbox) => ({
    inbox,
    numbers: recorder.sends.filter(({ recipients }) => recipients.includes(inbox.reading.agent)).flatMap((send) => receipts(send).map(({ n }) => n)),
  }))
  while (Date.now() < end && !due.every(({ inbox, numbers }) => inbox.hasDone(numbers))) await sleep(50)
}

/** Requests at once. */
const width = 32
/** Numbers looked at beyond the last that is known of: nothing should be there. */
const beyond = 100

async function gather(client: Client, recorder: Recorder): Promise<Found> {
  const verified = await client.call('audit.verify', {})
  const journal: Found['journal'] = []
  for (let cursor: string | null = null; ; ) {
    const page: Awaited<ReturnType<typeof client.call<'audit.export'>>> = await client.call('audit.export', { cursor, limit: 500 })
    journal.push(...page.events)
    if (page.cursor === null) break
    cursor = page.cursor
  }
  const last = Math.max(0, ...recorder.sends.flatMap((send) => receipts(send).map(({ n }) => n)))
  const messages: StoredMessage[] = []
  for (let n = 1; n <= last + beyond; n += width) {
    const some = await Promise.all(Array.from({ length: width }, (_, index) => look(client, n + index)))
    messages.push(...some.filter((message) => message !== null))
  }
  return { messages, journal, verified }
}

/** By its number, so that a message is found which nothing else tells of. */
async function look(client: Client, n: number): Promise<StoredMessage | null> {
  const found = await client.call('explain.message', { id: String(n) }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'unknown') return null
    throw error
  })
  if (found === null) return null
  const { id, from, to, text, deliveries } = found
  return { id, n: found.n, from, to, text, deliveries: deliveries.map(({ to: recipient, state }) => ({ to: recipient, state })) }
}
