import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { seenVersions } from '../src/runtimes/seen.ts'
import { processesCarrying } from '../scripts/demo/left-over.ts'
import { run } from '../src/util/spawn.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'examples/README.md'],
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md')).map((name) => join('docs', name)),
].filter((page) => existsSync(join(root, page)))

interface Block { page: string; line: number; info: string; text: string }

function blocksOf(page: string): Block[] {
  const text = readFileSync(join(root, page), 'utf8')
  return [...text.matchAll(/^```(\S.*)\n([\s\S]*?)^```$/gm)].map((found) => ({
    page, line: text.slice(0, found.index).split('\n').length, info: (found[1] ?? '').trim(), text: found[2] ?? '',
  }))
}

const blocks = pages.flatMap(blocksOf).filter(({ info }) => /^(sh|bash|shell|console)\b/.test(info))
const place = ({ page, line }: Block) => `${page}:${line}`

describe('command blocks', () => {
  test('are run, but for those that say why not by their kind', () => {
    expect(blocks.filter(({ info }) => !['sh', 'sh no-run'].includes(info)).map(place)).toEqual([])
    const exempt = blocks.filter(({ info }) => info === 'sh no-run')
    // npm run demo, npm test and the commands for contributors: this test is part of what they run.
    expect(exempt.map(({ page }) => page)).toEqual(['README.md', 'CONTRIBUTING.md'])
    expect(blocks.length).toBeGreaterThan(exempt.length)
  })

  test.each(blocks.filter(({ info }) => info === 'sh').map((block): [string, Block] => [place(block), block]))('%s works as it stands', async (_place, { text }) => {
    const { folder, env } = emptyMachine()
    const ran = await run(['sh', '-eu'], { cwd: folder, env, input: text, timeoutMs: 240_000 })
    expect(ran.code, `${ran.stdout}${ran.stderr}`).toBe(0)
  }, 250_000)
})

/** A folder with an empty HOME, and `troupe` as `bin/troupe` and on the PATH. All that was started there ends with the test. */
function emptyMachine(): { folder: string; env: Record<string, string> } {
  const folder = mkdtempSync(join(tmpdir(), 'td-'))
  onTestFinished(async () => {
    for (const pid of await processesCarrying(folder)) end(pid)
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  })
  for (const name of ['home', 'bin']) mkdirSync(join(folder, name))
  symlinkSync(join(root, 'bin/troupe'), join(folder, 'bin/troupe'))
  return { folder, env: { PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`, HOME: join(folder, 'home'), LANG: 'C.UTF-8', TERM: 'xterm-256color' } }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

describe('the failure catalogue', () => {
  const page = readFileSync(join(root, 'docs/failures.md'), 'utf8')
  const entries = page.split(/^### /m).slice(1).map((entry) => ({ message: /^`(.+)`$/m.exec(entry)?.[1] ?? '', entry }))
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !basename(name).includes('.test.'))
    .map((name) => readFileSync(join(root, 'src', name), 'utf8'))

  test.each(entries.map((each) => [each.message, each.entry]))('%s is said by the program, with a reason and a way out', (message, entry) => {
    const parts = message.split('…').map((part) => part.trim()).filter((part) => part.length > 1)
    expect(parts.length).toBeGreaterThan(0)
    expect(sources.some((source) => parts.every((part) => source.includes(part)))).toBe(true)
    expect(entry).toMatch(/^\*\*Why:\*\* .+/m)
    expect(entry).toMatch(/^\*\*Do:\*\* .+/m)
  })

  test('has no message twice', () => {
    expect(new Set(entries.map(({ message }) => message)).size).toBe(entries.length)
    expect(entries.length).toBeGreaterThan(30)
  })
})

test('the pages that are made from the program say what it does now', async () => {
  const made = await run([process.execPath, join(root, 'scripts/docs.ts'), '--check'], { timeoutMs: 240_000 })
  expect(made).toMatchObject({ code: 0, stderr: '' })
})

test('the versions that doctor --drift knows are those that the tests install', async () => {
  const pins = readFileSync(join(root, 'scripts/setup/clis.mjs'), 'utf8').matchAll(/runtime: '([^']+)'.* version: '([^']+)'/g)
  expect(seenVersions).toEqual(Object.fromEntries([...pins].map(([, runtime, version]) => [runtime, [version]])))
})
