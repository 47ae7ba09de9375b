import { parseArgs } from 'node:util'
import { connect } from '../../src/client/connect.ts'

/** One of many processes that write at once: `--socket S --name N --count C`. Prints `{text: id}` of what was acknowledged. */
const { values } = parseArgs({ options: { socket: { type: 'string' }, name: { type: 'string' }, count: { type: 'string' } } })
const { socket = '', name = '', count = '0' } = values
/** Calls under way on one connection. */
const lanes = 4

const client = await connect({ socket })
const acknowledged: Record<string, string> = {}
let next = 0
const lane = async (): Promise<void> => {
  while (next < Number(count)) {
    const text = `${name} ${next++}`
    acknowledged[text] = (await client.call('send', { to: 'a', text })).id
  }
}
await Promise.all(Array.from({ length: lanes }, lane))
client.close()
process.stdout.write(JSON.stringify(acknowledged))
