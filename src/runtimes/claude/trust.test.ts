import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { prepareState, readState, trusts, withTrust } from './trust.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-trust-'))
  file = join(folder, '.claude.json')
})
afterEach(() => rmSync(folder, { recursive: true }))

const stored = () => JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
const prepare = (cwd: string, onboarded = false) => prepareState(file, { cwd, onboarded }, systemClock)

it('adds the trust of one folder and keeps everything else', async () => {
  const before = { numStartups: 7, oauthAccount: { a: 1 }, projects: { '/other': { hasTrustDialogAccepted: true, allowedTools: ['x'] }, '/w': { lastCost: 3 } } }
  writeFileSync(file, JSON.stringify(before))
  await prepare('/w')
  expect(stored()).toEqual({ ...before, projects: { ...before.projects, '/w': { lastCost: 3, hasTrustDialogAccepted: true } } })
  expect(lstatSync(file).mode & 0o777).toBe(0o600)
  expect(existsSync(`${file}.lock`)).toBe(false)
})

it('writes nothing where nothing is missing, onboarding included', () => {
  const state = { hasCompletedOnboarding: false, projects: { '/a': { hasTrustDialogAccepted: true } } }
  expect(withTrust(state, { cwd: '/a/b/c', onboarded: true })).toBeNull()
  expect(withTrust(state, { cwd: '/b', onboarded: true })).toMatchObject({ hasCompletedOnboarding: false })
  expect(trusts(state, '/')).toBe(false)
  expect(trusts(state, '/ab')).toBe(false)
})

it('begins a state where there is none, and says that its set-up is done only if asked', async () => {
  await prepare('/w', true)
  expect(stored()).toEqual({ hasCompletedOnboarding: true, projects: { '/w': { hasTrustDialogAccepted: true } } })
})

it('loses nothing when several write at once', async () => {
  const folders = Array.from({ length: 20 }, (_, n) => `/w${n}`)
  await Promise.all(folders.map((cwd) => prepare(cwd)))
  expect(Object.keys(stored()['projects'] as object).toSorted()).toEqual([...folders].toSorted())
})

it('takes over the lock of a dead one', async () => {
  mkdirSync(`${file}.lock`)
  utimesSync(`${file}.lock`, 0, 0)
  await prepare('/w')
  expect(trusts(stored(), '/w')).toBe(true)
})

it('leaves a link a link', async () => {
  const real = join(folder, 'real.json')
  writeFileSync(real, '{"a":1}')
  symlinkSync(real, file)
  await prepare('/w')
  expect(lstatSync(file).isSymbolicLink()).toBe(true)
  expect(JSON.parse(readFileSync(real, 'utf8'))).toMatchObject({ a: 1 })
})

it.each(['{"a":', '[]', 'null'])('never writes over what it cannot read: %s', async (text) => {
  writeFileSync(file, text)
  await expect(prepare('/w')).rejects.toMatchObject({ code: 'config', hint: expect.stringContaining('claude') as string })
  expect(readFileSync(file, 'utf8')).toBe(text)
  await expect(readState(file)).rejects.toThrow()
})
