import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Outcome } from './history.ts'

/** An agent's own endpoint, and who it is there. */
export interface AgentDoor {
  address: string
  /** `http://127.0.0.1:<port>/mcp` */
  url: string
  token: string
}

/** One agent's MCP client. It connects when it is first needed; each call stands alone, so it stays good over the end of a daemon. */
export class Tools {
  readonly #door: AgentDoor
  #client: Client | null = null

  constructor(door: AgentDoor) {
    this.#door = door
  }

  /** What the tool gave; unknown where nobody answered. */
  async call<T>(name: string, args: Record<string, unknown>): Promise<Outcome<T>> {
    try {
      const client = (this.#client ??= await this.#connect())
      const { isError, structuredContent, content } = await client.callTool({ name, arguments: args })
      return isError === true ? { kind: 'refused', why: JSON.stringify(content) } : { kind: 'ok', value: structuredContent as T }
    } catch {
      return { kind: 'unknown' } // whatever broke, nobody knows whether the call was heard
    }
  }

  async close(): Promise<void> {
    const client = this.#client
    this.#client = null
    await client?.close()
  }

  async #connect(): Promise<Client> {
    // Of the protocols before 2026 the answer is a stream, and this client does not notice when one is cut.
    const client = new Client({ name: 'reader', version: '1' }, { versionNegotiation: { mode: 'auto' } })
    const requestInit = { headers: { authorization: `Bearer ${this.#door.token}` } }
    await client.connect(new StreamableHTTPClientTransport(new URL(this.#door.url), { requestInit }))
    return client
  }
}
