import { rmSync, writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { expect, it, vi } from 'vitest'
import { carriers } from '../../test/fixtures/carriers.ts'
import { png } from '../../test/fixtures/one-pixel.ts'

const on = carriers()
const picture = png({ width: 2, height: 2, grey: 9 })
const file = (name: string, content: string | Buffer) => ({ name, content: Readable.from([Buffer.from(content)]) })
const notShown = async (message: string) => (await on.store.read((db) => db.events.about(message))).flatMap(({ type, agent, data }) => (type === 'attachment.not-shown' ? [{ agent, ...data }] : []))

it('comes with its message where the way brings pictures, named by the text; what is none is to be asked for', async () => {
  const { pen } = await on.run('p:b')
  const attachments = [file('a.png', picture), file('notes.txt', 'words'), file('moving.gif', 'GIF89a')]
  const message = await on.post('p:a', 'p:b', 'look', { attachments })
  await vi.waitFor(() => expect(pen.got).toHaveLength(1))
  const [pushed] = pen.got
  expect(pushed!.parcel.pictures.map(({ n, mime }) => ({ n, mime }))).toEqual([{ n: message.attachments[0]!.n, mime: 'image/png' }])
  expect(await pushed!.parcel.pictures[0]!.read()).toEqual(picture)
  expect(pushed!.parcel.text.split('\n').filter((line) => line.startsWith('Attached'))).toEqual([
    `Attached: #1 "a.png" (image/png, ${picture.length} bytes). It comes with this message. If you do not see it: read_attachment with id 1.`,
    'Attached: #2 "notes.txt" (text/plain, 5 bytes). Read it: read_attachment with id 2.',
    'Attached: #3 "moving.gif" (image/gif, 6 bytes). Read it: read_attachment with id 3.',
  ])
  expect(await notShown(message.id)).toEqual([])
})

it('does not come by a way that brings none', async () => {
  const { pen } = await on.run('p:b')
  pen.answer = (rung) => (rung === 'push' ? { result: 'refused', why: 'not now' } : { result: 'taken', what: 'pasted' })
  await on.post('user', 'p:b', 'look', { attachments: [file('a.png', picture)] })
  await vi.waitFor(() => expect(pen.got).toHaveLength(1))
  expect(pen.got[0]).toMatchObject({ rung: 'paste', parcel: { pictures: [] } })
  expect(pen.got[0]!.parcel.text).toContain('Read it: read_attachment with id 1.')
})

it.each([
  ['is gone', picture, (path: string) => rmSync(path), /ENOENT/],
  ['was changed', picture, (path: string) => writeFileSync(path, 'something else'), /was changed or damaged/],
  ['is no picture', picture.subarray(0, 40), () => {}, /it is damaged or cut off/],
])('is told of where it %s, and its message goes without it', async (_what, content, change, why) => {
  const { pen, incarnation } = await on.run('p:b', 'busy')
  pen.answer = () => ({ result: 'taken', what: 'in the box' })
  const message = await on.post('p:a', 'p:b', 'look', { attachments: [file('a.png', content)] })
  await vi.waitFor(() => expect(pen.got).toHaveLength(1))
  change(on.attachments.fileOf(message.attachments[0]!.sha256))
  await expect(pen.got[0]!.parcel.pictures[0]!.read()).rejects.toThrow()
  expect(await notShown(message.id)).toEqual([{ agent: 'p:b', n: message.n, id: 1, why: expect.stringMatching(why) as string }])
  await on.proof('p:b', incarnation, message.id)
  expect(await on.stateOf(message.id, 'p:b')).toMatchObject({ state: 'delivered' })
})
