import { run, type Ran } from '../../src/util/spawn.ts'

/** Shows what happens as a person would see it, and keeps the score. */
export class Stage {
  readonly #program: string
  readonly #root: string
  readonly #env: Record<string, string>
  readonly #color: boolean
  failures: string[] = []

  constructor(program: string, root: string, env: Record<string, string>, color: boolean) {
    this.#program = program
    this.#root = root
    this.#env = env
    this.#color = color
  }

  say(text: string): void {
    process.stdout.write(`\n${this.#paint('36', `# ${text}`)}\n`)
  }

  /** Runs a command of troupe and shows both. */
  async show(...args: string[]): Promise<Ran> {
    process.stdout.write(`${this.#paint('1', `$ troupe ${args.map(quoted).join(' ')}`)}\n`)
    const ran = await this.#run(args)
    process.stdout.write(ran.stdout + ran.stderr)
    if (ran.code !== 0) this.failures.push(`troupe ${args.join(' ')} ended with ${ran.code}`)
    return ran
  }

  /** Runs a reading command quietly and parses what it prints. */
  async ask<T>(...args: string[]): Promise<T> {
    const ran = await this.#run([...args, '--json'])
    if (ran.code !== 0) throw new Error(`troupe ${args.join(' ')} ended with ${ran.code}: ${ran.stderr}`)
    return JSON.parse(ran.stdout) as T
  }

  /** Waits until `look` finds something, and says how long that took; a failure of the demo if it never does. */
  async until<T>(what: string, seconds: number, look: () => Promise<T | undefined | false>): Promise<T | undefined> {
    const begun = Date.now()
    while (Date.now() - begun < seconds * 1000) {
      const found = await look().catch(() => undefined)
      if (found !== undefined && found !== false) {
        process.stdout.write(`${this.#paint('32', `✓ ${what}`)} (${((Date.now() - begun) / 1000).toFixed(1)} s)\n`)
        return found
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    this.fail(`${what}: not within ${seconds} s`)
    return undefined
  }

  check(what: string, holds: boolean): void {
    if (holds) process.stdout.write(`${this.#paint('32', `✓ ${what}`)}\n`)
    else this.fail(what)
  }

  fail(what: string): void {
    this.failures.push(what)
    process.stdout.write(`${this.#paint('31', `✗ ${what}`)}\n`)
  }

  #run(args: string[]): Promise<Ran> {
    return run([this.#program, '-C', this.#root, ...args], { env: this.#env, timeoutMs: 180_000 })
  }

  #paint(code: string, text: string): string {
    return this.#color ? `\x1b[${code}m${text}\x1b[0m` : text
  }
}

function quoted(word: string): string {
  return /^[\w#:./-]+$/.test(word) ? word : `"${word}"`
}
