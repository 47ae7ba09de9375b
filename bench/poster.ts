import { createConnection, type Socket } from 'node:net'

/**
 * POST after POST on one kept-alive connection, with as little of its own work as can be: clients and daemon share the
 * machine, and what a bench's client burns is missing in its figure.
 */
export class Poster {
  readonly #socket: Socket
  readonly #head: string
  #answer = ''
  #waiting: { resolve(body: string): void; reject(error: Error): void } | null = null

  constructor({ url, token }: { url: string; token: string }, path: string) {
    const { hostname, host, port } = new URL(url)
    this.#head = `POST ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: `
    this.#socket = createConnection({ host: hostname, port: Number(port), noDelay: true })
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', (chunk: string) => this.#take(chunk))
    this.#socket.on('error', (error) => this.#waiting?.reject(error))
  }

  /** The body of the answer as text; rejects unless it is 200. One at a time. */
  post(body: unknown): Promise<string> {
    const text = JSON.stringify(body)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(`${this.#head}${Buffer.byteLength(text)}\r\n\r\n${text}`)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(chunk: string): void {
    this.#answer += chunk
    const end = this.#answer.indexOf('\r\n\r\n')
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#answer)?.[1]
    if (end === -1 || this.#answer.length < end + 4 + Number(length)) return
    const [answer, waiting] = [this.#answer, this.#waiting]
    this.#answer = ''
    if (answer.startsWith('HTTP/1.1 200 ') && length !== undefined) waiting?.resolve(answer.slice(end + 4))
    else waiting?.reject(new Error(`the daemon answered: ${answer.slice(0, 200)}`))
  }
}
