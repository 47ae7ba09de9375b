import { createConnection } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { testFolder } from '../../../test/fixtures/folder.ts'
import { LineCutter } from '../../util/lines.ts'
import { laneLine, longestLine, type LaneEntry } from '../../util/lane-link.ts'
import { Door } from './door.ts'
import { Record } from './record.ts'

/** More than memory keeps, so that most of it is read from the disk. */
const entries = 12_000
const text = 'x'.repeat(1_000)

it('asks the record for what was said in large portions, however little the socket takes at a time', async () => {
  const folder = testFolder('door-')
  const record = new Record(join(folder, 'lane'), () => 0)
  for (let n = 0; n < entries; n++) record.add({ kind: 'out', text })
  const asked = vi.spyOn(record, 'from')
  const door = new Door({ record, write: () => {}, seen: () => {} })
  await door.open(join(folder, 's'))
  const socket = createConnection(join(folder, 's'))
  onTestFinished(() => (socket.destroy(), door.close()))
  const heard: number[] = []
  const cutter = new LineCutter(longestLine)
  socket.on('data', (chunk) => {
    for (const line of cutter.push(chunk)) {
      const said = JSON.parse(String(line)) as LaneEntry | { hello: 1 }
      if ('n' in said) heard.push(said.n)
    }
  })
  socket.write(laneLine({ op: 'follow', from: 3 }))
  await vi.waitFor(() => expect(heard).toHaveLength(entries - 2), { timeout: 30_000 })
  expect(heard).toEqual(Array.from({ length: entries - 2 }, (_, at) => at + 3))
  // 12 MB by 4, and the end.
  expect(asked.mock.calls.length).toBeLessThan(8)
})

it('finds an entry on the disk wherever it is asked to begin', () => {
  const record = new Record(join(testFolder('record-'), 'lane'), () => 0)
  for (let n = 0; n < entries; n++) record.add({ kind: 'out', text })
  for (const n of [1, 2, 1_000, 4_321, entries - 1, entries]) expect(record.from(n)[0]?.n).toBe(n)
  expect(record.from(entries + 1)).toEqual([])
})
