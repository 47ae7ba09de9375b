import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { run } from '../../src/util/spawn.ts'
import { processesCarrying } from '../../scripts/demo/left-over.ts'
import { dist, patiently, team, Troupe } from './troupe.ts'

/** Of each process: its session, as the kernel counts terminals and logins. Processes that end meanwhile are left out. */
function sessions(): { pid: number; session: number }[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      return [{ pid: Number(name), session: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]) }]
    } catch {
      return [] // gone
    }
  })
}

it('T11: the end of the login that a team was brought up from ends none of it', async () => {
  const troupe = new Troupe(team({ a: {}, b: {} }, { scenario: { '*': [{ from: 'user', do: [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'taken' }] }] } }))
  const login = join(troupe.folder, 'login')
  const tmux = (...args: string[]) => run(['tmux', '-S', login, ...args], { env: troupe.env, cwd: troupe.folder })
  onTestFinished(() => void tmux('kill-server'))
  // A terminal of a person's own, with a shell in it, and the team's root as its folder.
  await tmux('-f', '/dev/null', 'new-session', '-d', '-x', '100', '-y', '30', 'sh')
  const shell = Number((await tmux('display-message', '-p', '#{pane_pid}')).stdout)
  await tmux('send-keys', `"${process.execPath}" "${join(dist, 'troupe.cjs')}" -C "${troupe.root}" up && echo UP-IS-DONE`, 'Enter')
  await vi.waitFor(async () => expect((await tmux('capture-pane', '-p')).stdout).toMatch(/^UP-IS-DONE/m), patiently)
  const before = await Promise.all(['a', 'b'].map(async (name) => [await troupe.pid(name), (await troupe.agent(name)).incarnation]))
  const { pid, keeper } = await troupe.daemon()

  const ours = new Set(await processesCarrying(troupe.root))
  const ofLogin = sessions().filter(({ session }) => session === shell).map(({ pid: each }) => each)
  expect(ofLogin).toContain(shell)
  expect(ofLogin.filter((each) => ours.has(each) || each === pid || each === keeper || before.some(([agent]) => agent === each))).toEqual([])
  // First the terminal hangs up, as when a window is closed; then everything of the login is killed.
  await tmux('kill-server')
  for (const each of ofLogin) {
    try {
      process.kill(each, 'SIGKILL')
    } catch {
      // it went with its terminal
    }
  }
  expect(await troupe.daemon()).toMatchObject({ pid, keeper })
  expect(await Promise.all(['a', 'b'].map(async (name) => [await troupe.pid(name), (await troupe.agent(name)).incarnation]))).toEqual(before)
  await troupe.ok('send', 'a', 'still there?')
  await vi.waitFor(async () => expect((await troupe.mail()).map(({ to, state }) => [to, state])).toEqual([['p:a', 'acked']]), patiently)
}, 300_000)
