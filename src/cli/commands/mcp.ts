import { programPath } from '../../util/programs.ts'
import { runHere } from '../../util/spawn.ts'
import type { Cli } from '../cli.ts'

/** stdin and stdout belong to the shim: it speaks MCP there, and nothing else may print. */
export async function mcp(_cli: Cli): Promise<number> {
  return runHere([process.execPath, programPath('shim')])
}
