import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Approval } from '../core/approval.ts'
import { systemClock } from '../core/clock.ts'
import type { ToolCall } from '../core/gate.ts'
import { noHitl } from '../core/limits.ts'
import type { Signal } from '../core/runtime.ts'
import type { Agent, Team } from '../core/team.ts'
import type { Store } from '../store/store.ts'
import type { Approvals, Wanted } from './approvals.ts'
import { Gatekeeper } from './gatekeeper.ts'

let cwd: string
let asked: { wanted: Wanted; waitMs: number }[]
let signals: string[]
let reports: unknown[]
let taint: string[]
let touches: string[]
let status: Approval['status'] | 'fault'
let held: string | null

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'gate-'))
  ;[asked, signals, reports, status, taint, touches, held] = [[], [], [], 'used', [], [], null]
})
afterEach(() => rmSync(cwd, { recursive: true }))

const caller = { kind: 'agent', address: 'p:a', incarnation: 'i1' } as const

function gatekeeper(address = 'p:a'): Gatekeeper {
  const agent = { address, id: 'a', project: 'p', permissionMode: 'auto', autonomy: 'low_risk_only', cwd } as Agent
  const team = { hitl: { ...noHitl, globallySensitiveActions: ['publish'] }, projects: [{ id: 'p', agents: [agent] }] } as unknown as Team
  const ask: Approvals['ask'] = async (wanted, waitMs, _signal, opened) => {
    asked.push({ wanted, waitMs })
    if (status === 'fault') throw new Error('the disk is full')
    const approval = { n: 3, action: 'publish', summary: wanted.summary, status, decidedBy: 'user', note: 'so it is' } as Approval
    opened?.(approval)
    return approval
  }
  const waits = (_address: string, _incarnation: string, { type }: Signal): ((seen: object | null) => void) => {
    signals.push(type)
    return (seen) => void signals.push(seen === null ? 'gone' : 'busy')
  }
  return new Gatekeeper({ store: {} as Store, clock: systemClock, approvals: { ask } as Approvals, chains: { taintOf: () => Promise.resolve(taint), touched: (_agent, by) => Promise.resolve(void touches.push(by)) }, team: () => team, rule: ({ name }) => `rule ${name}`, whyHeld: () => held, noSubagent: (_agent, _run, nested) => (nested ? 'too deep' : null), held: waits, report: (_what, error) => void reports.push(error) })
}

const verdict = async (command: string, patienceMs = 60_000, of = gatekeeper()): Promise<string> => {
  const call: ToolCall = { tool: 'Bash', kind: 'shell', input: { command }, command, paths: [], cwd }
  const said = await of.verdict(caller, { stage: 'call', call, patienceMs }, new AbortController().signal)
  return said.do === 'pass' ? 'pass' : `${said.do}: ${said.why}`
}

it('lets an agent that is kept from working do nothing more', async () => {
  held = '$5.11 spent of $0.50'
  expect(await verdict('npm test')).toMatch(/^deny: p:a is stopped \(\$5\.11 spent of \$0\.50\)/)
  expect(asked).toEqual([])
})

it('lets work pass, and asks for nothing', async () => {
  expect(await verdict('npm test')).toBe('allow: inside its working folder')
  expect(asked).toEqual([])
})

it('holds no longer than the CLI was told at its launch that it may take', async () => {
  expect(await verdict('git push', 5_000)).toBe('allow: approval 3, by user. Note: so it is')
  expect(asked[0]).toMatchObject({ waitMs: 5_000, wanted: { actions: ['publish'], origin: 'held', uses: true, exact: { tool: 'Bash', input: { command: 'git push' }, cwd } } })
  expect(signals).toEqual(['waiting', 'busy'])
})

it.each([['denied', /^deny: Denied by a person \(approval 3;.*Note: so it is/], ['expired', /^deny: Nobody decided on approval 3/], ['pending', /^deny: Not yet: approval 3 waits/]] as const)('%s is a no', async (end, said) => {
  status = end
  expect(await verdict('git push')).toMatch(said)
})

it('looks into scripts, and into what these run', async () => {
  writeFileSync(join(cwd, 'outer.sh'), '#!/bin/sh\n./inner.sh\n')
  writeFileSync(join(cwd, 'inner.sh'), '#!/bin/sh\ngit push\n')
  writeFileSync(join(cwd, 'package.json'), '{"scripts":{"ship":"sh outer.sh","test":"true"}}')
  for (const command of ['./outer.sh', 'npm run ship', 'sh inner.sh', 'bash -c "source ./inner.sh"']) expect(await verdict(command), command).toMatch(/^allow: approval 3/)
  expect(await verdict('npm test')).toBe('allow: inside its working folder')
  expect(asked).toHaveLength(4)
})

it('waits for no pipe that stands where a script should', async () => {
  execFileSync('mkfifo', [join(cwd, 'pipe.sh')])
  expect(await verdict('sh pipe.sh; git push')).toMatch(/^allow: approval 3/)
  expect(await verdict('sh pipe.sh')).toBe('pass')
})

it('takes no script for harmless that it could not look at', async () => {
  const push = '#!/bin/sh\ngit push\n'
  mkdirSync(join(cwd, 'sub'))
  writeFileSync(join(cwd, 'sub', 'x.sh'), push)
  writeFileSync(join(cwd, 'package.json'), '{"scripts": {"ship": "git push"}}')
  writeFileSync(join(cwd, 'long.sh'), `#!/bin/sh\n${'# \n'.repeat(100_000)}git push\n`)
  writeFileSync(join(cwd, 'x.py'), 'import os\nos.system("git push")\n')
  for (let n = 0; n < 25; n += 1) writeFileSync(join(cwd, `${n}.sh`), n < 24 ? 'true\n' : push)
  for (const command of ['cd sub && ./x.sh', 'cd sub && npm run ship', 'python3 x.py', '(cd sub; npm run ship)']) expect(await verdict(command)).toMatch(/^allow: approval 3/)
  // Shells pass over a zero byte, which otherwise tells a program from a script.
  writeFileSync(join(cwd, 'zero.sh'), '#!/bin/sh\n# \0\ngit push\n', { mode: 0o755 })
  for (const command of ['sh zero.sh', 'bash zero.sh', './zero.sh']) expect(await verdict(command), command).toMatch(/^allow: approval 3/)
  for (const command of ['sh long.sh', 'sh missing.sh', Array.from({ length: 25 }, (_, n) => `./${n}.sh`).join(';')]) expect(await verdict(command)).toBe('pass')
})

it('follows links before it calls a place one inside of the folder', async () => {
  const outside = mkdtempSync(join(tmpdir(), 'gate-out-'))
  try {
    symlinkSync(outside, join(cwd, 'out'))
    symlinkSync(join(outside, 'new'), join(cwd, 'dangling'))
    mkdirSync(join(cwd, 'real'))
    symlinkSync(join(cwd, 'real'), join(cwd, 'in'))
    for (const command of ['cat out/secret', 'echo x > dangling', 'echo x > out/deep/er/y']) expect(await verdict(command)).toBe('pass')
    expect(await verdict('cat in/x')).toBe('allow: inside its working folder')
    const many = Array.from({ length: 300 }, (_, n) => `real/${n}`).join(' ')
    expect(await verdict(`cat ${many} out/secret`)).toBe('pass')
  } finally {
    rmSync(outside, { recursive: true })
  }
})

it('ends in a question where it fails itself, and in a no for an agent that is out of the team', async () => {
  status = 'fault'
  expect(await verdict('git push')).toBe('ask: troupe could not judge this call')
  expect(reports).toHaveLength(1)
  expect(await verdict('ls', 1, gatekeeper('p:b'))).toBe('deny: p:a is no longer in the team')
})

it('what comes from other machines taints, and what is tainted is told with what it asks', async () => {
  await verdict('npm test')
  expect(touches).toEqual([])
  await verdict('curl -s https://example.com')
  expect(touches).toEqual(['web'])
  taint = ['web']
  await verdict('git push')
  expect(asked[0]?.wanted.taint).toEqual(['web'])
})
