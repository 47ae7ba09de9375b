import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it, onTestFinished, vi } from 'vitest'
import { dist, kill, patiently, team, Troupe, type Mail } from './troupe.ts'

it('shows mail as it comes, over a daemon that is killed and one that is away, until Ctrl-C', async () => {
  const troupe = new Troupe(team({ a: {} }))
  await troupe.ok('up')
  const argv = [join(dist, 'troupe.cjs'), '-C', troupe.root, 'mail', '--watch', '--json']
  const watching = spawn(process.execPath, argv, { env: troupe.env, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void watching.kill('SIGKILL'))
  let seen: Mail[] = []
  createInterface({ input: watching.stdout }).on('line', (line) => (seen = JSON.parse(line) as Mail[]))
  const shows = async (text: string) => {
    await vi.waitFor(() => expect(seen.find((each) => each.text === text)?.state).toMatch(/^acked/), patiently)
  }
  await troupe.ok('send', 'a', 'before')
  await shows('before')
  kill((await troupe.daemon()).pid)
  await troupe.ok('send', 'a', 'after a kill')
  await shows('after a kill')
  await troupe.ok('down')
  // It only looks: whoever ended the team does not get a daemon back by that.
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  expect(watching.exitCode).toBe(null)
  expect(await troupe.leftOver()).toEqual([watching.pid])
  await troupe.ok('up')
  await troupe.ok('send', 'a', 'after it was down')
  await shows('after it was down')
  const ended = once(watching, 'exit')
  watching.kill('SIGINT')
  expect(await ended).toEqual([130, null])
}, 300_000)
