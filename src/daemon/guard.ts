import { isOperation, operations, type OperationName } from '../api/index.ts'
import { TroupeError } from '../core/error.ts'
import { didYouMean } from '../core/nearest.ts'
import type { Call, Caller, Handlers } from './daemon.ts'

/** The one way to an operation: it exists, this caller may, the input is right; then its handler. */
export async function run(handlers: Handlers, caller: Caller, name: string, input: unknown, signal: AbortSignal): Promise<unknown> {
  if (!isOperation(name)) {
    throw new TroupeError('unknown', `there is no operation "${name}"`, { hint: didYouMean(name, Object.keys(operations), 'operations'), facts: { name } })
  }
  const operation = operations[name]
  if (!(operation.who as readonly string[]).includes(caller.kind)) {
    throw new TroupeError('denied', `${caller.kind === 'agent' ? 'an agent' : 'an operator'} may not call ${name}`, {
      hint: 'GET /api/v1/openapi.json says who may call what',
      facts: { name },
    })
  }
  return await invoke(handlers, name, parse(name, input), { caller, signal })
}

/** An answer is not to be many times as long as what was asked. */
const mostIssues = 5

function parse(name: OperationName, input: unknown): unknown {
  const parsed = operations[name].input.safeParse(input ?? {})
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.slice(0, mostIssues).map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
  const text = issues.map((issue) => (issue.path === '' ? issue.message : `${issue.path}: ${issue.message}`)).join('; ')
  const others = parsed.error.issues.length - issues.length
  const more = others === 0 ? '' : `; and ${others} more`
  throw new TroupeError('usage', `the input of ${name} is wrong: ${text}${more}`, { hint: 'GET /api/v1/openapi.json says what it takes', facts: { issues } })
}

/** The table pairs each handler with its own input; the type system cannot see that through a name. */
async function invoke(handlers: Handlers, name: OperationName, input: unknown, call: Call): Promise<unknown> {
  const handler = handlers[name] as (input: unknown, call: Call) => Promise<unknown>
  return await handler(input, call)
}
