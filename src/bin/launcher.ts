import { accessSync, closeSync, constants, openSync, readFileSync, readSync, rmSync, statSync, writeSync } from 'node:fs'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { become } from '../util/become.ts'

/**
 * `launcher SPEC`: becomes the program that a one-time file describes, {argv, env, cwd} as JSON. The file is
 * deleted before anything else happens. The program gets exactly that environment, default signal
 * dispositions and this terminal; its exit status is its own. On failure one sentence on the terminal and
 * exit 127 (program or folder missing) or 126 (cannot be run), as a shell would.
 */
interface Spec {
  argv: string[]
  env: Record<string, string>
  cwd: string
}

function main(file: string | undefined): never {
  if (file === undefined) return refuse(126, 'troupe launcher: no launch file was named')
  const spec = take(file)
  enter(spec.cwd)
  const program = find(spec)
  checkBeginning(program)
  try {
    return become(program, spec.argv, spec.env)
  } catch (error) {
    return refuse(126, `troupe cannot run ${show(program)}: ${reason(error)}`)
  }
}

function take(file: string): Spec {
  try {
    const text = readFileSync(file, 'utf8')
    rmSync(file)
    return JSON.parse(text) as Spec
  } catch (error) {
    return refuse(127, `troupe launcher: the launch file ${show(file)} cannot be used (it works once): ${reason(error)}`)
  }
}

function enter(cwd: string): void {
  try {
    process.chdir(cwd)
  } catch (error) {
    refuse(127, `troupe cannot enter the working directory ${show(cwd)}: ${reason(error)}. Make the folder, or change cwd in the team's files`)
  }
}

/** As execvp does: a name with a slash is a path, any other is looked up on the PATH of the spec. */
function find(spec: Spec): string {
  const name = spec.argv[0] ?? ''
  if (name === '') return refuse(127, 'troupe cannot start the agent: its command is empty')
  const candidates = name.includes('/')
    ? [isAbsolute(name) ? name : resolve(name)]
    : (spec.env['PATH'] ?? '').split(delimiter).map((folder) => join(resolve(folder), name))
  const there = candidates.filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true)
  const runnable = there.find(isRunnable)
  if (runnable !== undefined) return runnable
  if (there[0] !== undefined) return refuse(126, `troupe cannot run ${show(there[0])}: it is not executable`)
  const where = name.includes('/') ? '' : ` on the agent's PATH (${show(spec.env['PATH'] ?? '')})`
  return refuse(127, `troupe cannot start the agent: no program ${show(name)}${where}`)
}

function isRunnable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Where the kernel refuses a program, Node's execve ends with a dump: the two common reasons are told before. */
function checkBeginning(program: string): void {
  const beginning = readBeginning(program)
  const [, interpreter] = /^#![ \t]*(\S+)/.exec(beginning) ?? []
  if (interpreter !== undefined && !isRunnable(interpreter)) {
    refuse(126, `troupe cannot run ${show(program)}: its interpreter ${show(interpreter)} is not there`)
  }
  if (interpreter === undefined && !beginning.includes('\0')) {
    refuse(126, `troupe cannot run ${show(program)}: it is text without a first line such as #!/bin/sh`)
  }
}

function readBeginning(program: string): string {
  try {
    const file = openSync(program, 'r')
    const bytes = Buffer.alloc(256)
    const length = readSync(file, bytes)
    closeSync(file)
    return bytes.toString('latin1', 0, length)
  } catch {
    return '\0' // may be run but not read: the kernel decides
  }
}

function refuse(code: number, sentence: string): never {
  writeSync(2, `${sentence}\n`)
  process.exit(code)
}

function show(text: string): string {
  return JSON.stringify(text)
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

main(process.argv[2])
