import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { TroupeError } from '../../core/error.ts'
import type { Clock } from '../../core/clock.ts'
import { ControlParser, type Reply } from './parser.ts'
import { command, quote } from './quote.ts'

export interface ConnectionOptions {
  /** Starts the control client: `tmux -S SOCK -C …`. */
  argv: readonly string[]
  env: Record<string, string>
  clock: Clock
  onNotice(line: string): void
  /** Told once, with what the client said last. */
  onClose(why: string): void
}

interface Request {
  commands: number
  seal: string | null
  replies: Reply[]
  resolve(replies: string[][]): void
  reject(error: TroupeError): void
  /** The way out of its time limit. */
  leave(): void
}

/** A server that does not answer a question for this long does not answer at all, ms. Usual: 0.3. */
const answerWithin = 10_000

/** One tmux control client. Answers come in the order of the questions. Once closed it stays closed. */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #child: ChildProcessWithoutNullStreams
  readonly #waiting: Request[] = []
  /** Lines written before the client sits in its session might be run before it does. null: it sits. */
  #held: string[] | null = []
  #said = ''
  #closed = false

  constructor(options: ConnectionOptions) {
    this.#options = options
    const [program = 'tmux', ...args] = options.argv
    this.#child = spawn(program, args, { env: options.env, detached: true, stdio: 'pipe' })
    const parser = new ControlParser({
      onReply: (reply) => this.#answer(reply),
      onForeign: (reply) => this.#foreign(reply),
      onNotice: (line) => this.#notice(line),
      seal: () => this.#waiting[0]?.seal ?? null,
    })
    this.#child.stdout.setEncoding('utf8').on('data', (chunk: string) => parser.push(chunk))
    this.#child.stderr.setEncoding('utf8').on('data', (chunk: string) => this.#note(chunk))
    this.#child.stdin.on('error', (error) => this.#note(error.message))
    this.#child.on('error', (error) => this.#close(error.message))
    this.#child.on('close', () => this.#close(this.#said === '' ? 'the control client ended' : this.#said))
  }

  get closed(): boolean {
    return this.#closed
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /**
   * Runs commands one after another in one go of the server; the first that fails ends the rest. Resolves with
   * what each printed, throws `failed` with tmux's own words, `unavailable` where no answer can come.
   */
  request(...commands: string[]): Promise<string[][]> {
    const answers = commands.reduce((sum, each) => sum + answersOf(each), 0)
    return this.#ask(commands.join(' ; '), answers, null)
  }

  /** Runs one command whose output is text of others, such as a screen. */
  async read(question: string): Promise<string[]> {
    const seal = randomBytes(16).toString('hex')
    const [lines = []] = await this.#ask(`${question}\n${command('display-message', '-p', seal)}`, 1, seal)
    return lines
  }

  /** Lets go of the server, which goes on. Idempotent. */
  close(): void {
    this.#child.stdin.end()
    this.#child.kill('SIGTERM')
    this.#close('closed by us')
  }

  #ask(lines: string, commands: number, seal: string | null): Promise<string[][]> {
    if (this.#closed) return Promise.reject(unavailable(this.#said))
    return new Promise((resolve, reject) => {
      const leave = this.#options.clock.after(answerWithin, () => this.#giveUp())
      this.#waiting.push({ commands, seal, replies: [], resolve, reject, leave })
      if (this.#held === null) this.#child.stdin.write(`${lines}\n`)
      else this.#held.push(`${lines}\n`)
    })
  }

  /** The first of them answers the attach. */
  #foreign(reply: Reply): void {
    this.#note(reply.lines.join(' '))
    if (!reply.ok || this.#held === null) return
    const lines = this.#held.join('')
    this.#held = null
    this.#child.stdin.write(lines)
  }

  #answer(reply: Reply): void {
    const request = this.#waiting[0]
    if (request === undefined) return
    request.replies.push(reply)
    if (reply.ok && request.replies.length < request.commands) return
    this.#waiting.shift()
    request.leave()
    if (reply.ok) request.resolve(request.replies.map(({ lines }) => lines))
    else request.reject(new TroupeError('failed', `tmux refused: ${reply.lines.join(' ')}`))
  }

  /** Half an answer can never be matched again: the whole connection goes. */
  #giveUp(): void {
    this.#child.kill('SIGKILL')
    this.#close(`no answer within ${answerWithin / 1000} s`)
  }

  #notice(line: string): void {
    if (!line.startsWith('%exit')) return this.#options.onNotice(line)
    this.#note(line.slice('%exit'.length))
    this.#close(this.#said === '' ? 'the tmux server let go of us' : this.#said)
  }

  #note(text: string): void {
    if (text.trim() !== '') this.#said = text.trim()
  }

  #close(why: string): void {
    if (this.#closed) return
    this.#closed = true
    this.#said = why
    for (const request of this.#waiting.splice(0)) {
      request.leave()
      request.reject(unavailable(why))
    }
    this.#options.onClose(why)
  }
}

/** `if-shell` answers for itself, and then what it chose answers: both of its ways must be one command. */
function answersOf(line: string): number {
  return line.startsWith(quote('if-shell')) ? 2 : 1
}

function unavailable(why: string): TroupeError {
  return new TroupeError('unavailable', `the tmux server cannot be asked: ${why}`, { hint: 'try again; troupe reconnects by itself' })
}
