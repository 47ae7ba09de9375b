import type { Door } from './files.ts'
import { isRecord, parseRecord } from '../json.ts'
import { records } from './records.ts'

/** A local server answers within milliseconds, on a machine with too much to do within seconds. ms */
const patienceMs = 20_000
/** A model writes the summary: a long conversation takes minutes. ms */
const summaryMs = 15 * 60_000

type Json = Record<string, unknown>

export interface Message {
  info: Json
  parts: Json[]
}

/** OpenCode's HTTP API, in the process in the pane. Every method rejects where it does not answer, or not as it should. */
export class Client {
  readonly #root: string
  readonly #authorization: string
  readonly #directory: string

  constructor({ port, password }: Pick<Door, 'port' | 'password'>, directory: string) {
    this.#root = `http://127.0.0.1:${port}`
    this.#authorization = basic(password)
    this.#directory = directory
  }

  /**
   * Whether the port is our OpenCode's: it knows the password, refuses another, and is at work in our folder. The wrong one
   * goes first, so that a program of somebody else's is not given the right one. `ms`: how long that one's refusal is waited for.
   */
  async isOurs(ms = patienceMs): Promise<boolean> {
    const stranger = await this.#send('GET', '/path', undefined, basic('none'), ms)
    await stranger.body?.cancel()
    if (stranger.status !== 401) return false
    const paths = await this.#json('GET', '/path')
    return isRecord(paths) && paths['directory'] === this.#directory
  }

  /** Of sessions that do something; the others are idle. */
  async statuses(): Promise<Record<string, Json>> {
    const found = await this.#json('GET', '/session/status')
    return isRecord(found) ? Object.fromEntries(Object.entries(found).filter((entry): entry is [string, Json] => isRecord(entry[1]))) : {}
  }

  async sessions(): Promise<Json[]> {
    return records(await this.#json('GET', '/session'))
  }

  /** null where there is no such conversation, or it belongs to another folder. */
  async session(id: string): Promise<Json | null> {
    const answer = await this.#send('GET', `/session/${encodeURIComponent(id)}`)
    const found: unknown = answer.ok ? await answer.json() : await answer.body?.cancel()
    return isRecord(found) && found['directory'] === this.#directory ? found : null
  }

  /** With a title of ours OpenCode asks no model for one. */
  async create(title: string): Promise<string> {
    const made = await this.#json('POST', '/session', { title })
    if (!isRecord(made) || typeof made['id'] !== 'string') throw new Error('OpenCode made no conversation')
    return made['id']
  }

  /** Has the terminal show it. */
  async select(session: string): Promise<void> {
    await this.#json('POST', '/tui/select-session', { sessionID: session })
  }

  /** The newest ones, oldest first. */
  async messages(session: string, limit: number): Promise<Message[]> {
    const found = records(await this.#json('GET', `/session/${encodeURIComponent(session)}/message?limit=${limit}`))
    return found.flatMap(({ info, parts }) => (isRecord(info) ? [{ info, parts: records(parts) }] : []))
  }

  async prompt(session: string, parts: Json[]): Promise<void> {
    await this.#json('POST', `/session/${encodeURIComponent(session)}/prompt_async`, { parts })
  }

  /** With the ids of a message that stands there already nothing is added: the conversation goes on with it. */
  async goOn(session: string, { message, part, text }: { message: string; part: string; text: string }): Promise<void> {
    const body = { messageID: message, parts: [{ type: 'text', text, id: part }] }
    await this.#json('POST', `/session/${encodeURIComponent(session)}/prompt_async`, body)
  }

  async abort(session: string): Promise<void> {
    await this.#json('POST', `/session/${encodeURIComponent(session)}/abort`)
  }

  async summarize(session: string, model: { providerID: string; modelID: string }): Promise<boolean> {
    return (await this.#json('POST', `/session/${encodeURIComponent(session)}/summarize`, model, summaryMs)) === true
  }

  /** Open questions of every kind: `permission` about a call, `question` of its own. */
  async asking(): Promise<{ permissions: Json[]; questions: Json[] }> {
    const [permissions, questions] = await Promise.all([this.#json('GET', '/permission'), this.#json('GET', '/question')])
    return { permissions: records(permissions), questions: records(questions) }
  }

  async answerPermission(id: string, reply: 'once' | 'reject', message?: string): Promise<void> {
    await this.#json('POST', `/permission/${encodeURIComponent(id)}/reply`, { reply, ...(message === undefined ? {} : { message }) })
  }

  /** Connected, failed, … by server. */
  async servers(): Promise<Json> {
    const found = await this.#json('GET', '/mcp')
    return isRecord(found) ? found : {}
  }

  /** What happens there, as it happens, until it ends or `signal` does. `opened` is called once the line stands. */
  async *events(signal: AbortSignal, opened: () => void): AsyncGenerator<Json> {
    const answer = await fetch(`${this.#root}${this.#at('/event')}`, { headers: { authorization: this.#authorization }, signal })
    if (!answer.ok || answer.body === null) throw new Error(`its events: ${answer.status}`)
    opened()
    const decoder = new TextDecoder()
    let rest = ''
    for await (const chunk of answer.body) {
      const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const event = parseRecord(block.replace(/^data: ?/, ''))
        if (event !== null) yield event
      }
    }
  }

  async #json(method: string, path: string, body?: unknown, ms?: number): Promise<unknown> {
    const answer = await this.#send(method, path, body, this.#authorization, ms)
    if (!answer.ok) throw new Error(`OpenCode answered ${method} ${path.replace(/\?.*/, '')} with ${answer.status}`)
    const text = await answer.text()
    return text === '' ? null : JSON.parse(text)
  }

  async #send(method: string, path: string, body?: unknown, authorization = this.#authorization, ms = patienceMs): Promise<Response> {
    const init = { method, headers: { authorization, 'content-type': 'application/json' }, signal: AbortSignal.timeout(ms), redirect: 'error' } as const
    return await fetch(`${this.#root}${this.#at(path)}`, body === undefined ? init : { ...init, body: JSON.stringify(body) })
  }

  #at(path: string): string {
    return `${path}${path.includes('?') ? '&' : '?'}directory=${encodeURIComponent(this.#directory)}`
  }
}

function basic(password: string): string {
  return `Basic ${Buffer.from(`opencode:${password}`).toString('base64')}`
}

