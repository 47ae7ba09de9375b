import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** A running `troupe mcp` of some release, spoken to as an agent's CLI does. */
export interface Shim {
  call(method: string, params: unknown): Promise<unknown>
  end(): void
}

export function openShim(program: string, env: Record<string, string>): Shim {
  const child = spawn(process.execPath, [program], { env, stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting = new Map<unknown, (answer: unknown) => void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = JSON.parse(line) as { id?: unknown }
    waiting.get(answer.id)?.(answer)
  })
  let id = 0
  return {
    call(method, params) {
      id += 1
      const answer = new Promise<unknown>((resolve) => waiting.set(id, resolve))
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
      return answer
    },
    end: () => child.stdin.end(),
  }
}
