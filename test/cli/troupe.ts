import { mkdtempSync, realpathSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { programPath } from '../../src/util/programs.ts'
import { run, type Ran, type RunOptions } from '../../src/util/spawn.ts'

/** Runs the command line program as a person would, off a terminal. */
export function troupe(cwd: string, args: string[], more: Omit<RunOptions, 'cwd'> = {}): Promise<Ran> {
  const env = { PATH: process.env.PATH ?? '', HOME: cwd, TZ: 'UTC', ...more.env }
  return run([process.execPath, programPath('troupe'), ...args], { timeoutMs: 60_000, ...more, cwd, env })
}

/** An empty folder that goes with the test, once what ran there has stopped writing. Short, because sockets live below it. */
export function folder(): string {
  const made = realpathSync(mkdtempSync(join(tmpdir(), 'tc-')))
  onTestFinished(() => rmSync(made, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 }))
  return made
}

/** A folder with a team of two in it. `broken` puts an error into the project file. */
export function teamFolder(broken = false): { home: string; root: string } {
  const home = folder()
  const root = join(home, '.team')
  mkdirSync(join(root, 'projects'), { recursive: true })
  writeFileSync(join(root, 'team-compose.yaml'), 'version: 2\nprojects:\n  - file: projects/hello.yaml\n')
  writeFileSync(
    join(root, 'projects/hello.yaml'),
    `version: 2
project: { id: hello, name: Hello, cwd: . }
channels:
  - name: all
    members: "*"
managers:
  manager: { can_dm: [${broken ? 'dve' : 'dev'}] }
workers:
  dev: { can_dm: [manager], reports_to: manager }
`,
  )
  return { home, root }
}
