/**
 * This process becomes another program: same id, same terminal, exactly that environment, default signal dispositions. Node ignores
 * SIGPIPE and SIGXFSZ, and what is ignored stays ignored across exec. What is caught does not: with a handler each, the new
 * program gets the default again (exec(3)). Throws where the kernel refuses, if Node does not end with a dump.
 */
export function become(program: string, argv: readonly string[], env: Record<string, string>): never {
  for (const signal of ['SIGPIPE', 'SIGXFSZ'] as const) process.on(signal, () => {})
  if (process.execve === undefined) throw new Error(`Node ${process.version} has no execve`)
  process.emitWarning = () => {} // execve is experimental in Node 24; the warning would stand on the agent's screen
  return process.execve(program, argv, env)
}
