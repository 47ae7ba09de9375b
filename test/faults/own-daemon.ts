import { spawn } from 'node:child_process'
import { vi } from 'vitest'
import { connect } from '../../src/client/connect.ts'
import { teamPaths } from '../../src/config/paths.ts'
import { patiently, type Troupe } from '../e2e/troupe.ts'

/** Starts the team's daemon by another program or with more in its environment, and nobody to keep it. It ends with the team. */
export async function ownDaemon(troupe: Troupe, argv: string[], env: Record<string, string> = {}): Promise<void> {
  const [file = '', ...rest] = [...argv, '--root', troupe.root, '--no-keeper']
  const child = spawn(file, rest, { env: { ...troupe.env, ...env }, stdio: ['ignore', 'ignore', 'inherit'] })
  await vi.waitFor(async () => {
    if (child.exitCode !== null) throw new Error(`${file} ended with ${child.exitCode}`)
    const client = await connect({ socket: teamPaths(troupe.root).operatorSocket })
    client.close()
  }, patiently)
}
