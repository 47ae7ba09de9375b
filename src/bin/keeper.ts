import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { keep, type HeldValues } from '../client/keeping.ts'

/** `keeper --root R --socket S --log L --daemon PROGRAM [--values-on-stdin]`: keeps the daemon of one team root alive (`client/keeping.ts`). */
const { values } = parseArgs({
  options: { root: { type: 'string' }, socket: { type: 'string' }, log: { type: 'string' }, daemon: { type: 'string' }, 'values-on-stdin': { type: 'boolean' } },
})
const { root, socket, log, daemon } = values
if (root === undefined || socket === undefined || log === undefined || daemon === undefined) {
  process.stderr.write('troupe keeper: needs --root, --socket, --log and --daemon; it is started by troupe itself\n')
  process.exit(2)
}

// The terminal that it came from does not count.
for (const signal of ['SIGHUP', 'SIGINT'] as const) process.on(signal, () => undefined)
/** MB. Node's own choice lets a daemon that was busy once keep 100 MB more; this costs 3 % of its CPU under load. The second lets it give memory back when all is quiet. */
const memory = ['--max-semi-space-size=4', '--expose-gc']
const command = [process.execPath, ...process.execArgv, ...memory, daemon, '--root', root, '--values-on-stdin']
// Whoever starts us writes JSON of its own making, or nothing.
const given = values['values-on-stdin'] === true ? await text(process.stdin) : ''
const held = given === '' ? null : (JSON.parse(given) as HeldValues | null)
const tell = (msg: string): void => void process.stderr.write(`${JSON.stringify({ level: 40, time: Date.now(), pid: process.pid, msg })}\n`)
process.stderr.on('error', () => undefined) // a full disk: there is nowhere to say it
const end = await keep({ root, socket, log, daemon: command, program: daemon, tell, values: held })
if (end === 'gave up') tell('the daemon ended again and again and is not started any more; agents go on without mail. Try: troupe doctor, then troupe daemon start')
process.exit(end === 'failed' || end === 'gave up' ? 1 : 0)
