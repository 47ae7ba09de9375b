import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { preparePaths, teamPaths } from '../../config/paths.ts'
import { testFolder } from '../../../test/fixtures/folder.ts'
import type { Cli } from '../cli.ts'
import { takeAway } from './take-away.ts'

it.each([[true, ['down']], [false, []]])('ends what a killed daemon left behind before the files go: terminals %s', async (left, asked) => {
  const root = join(testFolder('troupe-take-away-'), 'shop')
  mkdirSync(root)
  const paths = teamPaths(root)
  preparePaths(paths)
  onTestFinished(() => rmSync(dirname(paths.tmuxSocket), { recursive: true, force: true }))
  if (left) writeFileSync(paths.tmuxSocket, '')
  const calls: string[] = []
  const cli = { running: async () => false, call: async (name: string) => void calls.push(name), ended: async () => undefined, close: async () => undefined } as unknown as Cli
  await takeAway(cli, root)
  expect([calls, existsSync(root)]).toEqual([asked, false])
})
