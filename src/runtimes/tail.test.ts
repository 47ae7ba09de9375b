import { appendFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { testFolder } from '../../test/fixtures/folder.ts'
import { Tail } from './tail.ts'

async function read(tail: Tail): Promise<string[]> {
  const lines: string[] = []
  for await (const line of tail.lines()) lines.push(line)
  return lines
}

it('hands out whole lines, each once, over pieces and chunks', async () => {
  const file = join(testFolder('tail-'), 'f')
  const tail = new Tail(file)
  expect(await read(tail)).toEqual([])
  writeFileSync(file, 'one\ntw')
  expect(await read(tail)).toEqual(['one'])
  expect(await read(tail)).toEqual([])
  const long = 'ä'.repeat(1_500_000)
  appendFileSync(file, `o\n${long}\nthr`)
  expect(await read(tail)).toEqual(['two', long])
  appendFileSync(file, 'ee\n')
  expect(await read(tail)).toEqual(['three'])
})

it('reads a file that took the place of the other, or was cut, from its beginning', async () => {
  const file = join(testFolder('tail-'), 'f')
  const tail = new Tail(file)
  writeFileSync(file, 'one\ntwo\nhal')
  expect(await read(tail)).toEqual(['one', 'two'])
  writeFileSync(`${file}.new`, 'of another file\nand its second line\n')
  renameSync(`${file}.new`, file)
  expect(await read(tail)).toEqual(['of another file', 'and its second line'])
  writeFileSync(file, 'cut\n')
  expect(await read(tail)).toEqual(['cut'])
})
