import { z } from 'zod'
import { isOperation, operations } from '../../src/api/index.ts'

type Json = Record<string, unknown>

/** Of commands that do not print what one operation answers. */
const byHand: Record<string, string> = {
  tail: `[${answer('events', 'events')}]`,
  rehearse: '{root, quiet, messages: [{from, to, text}]}',
  init: '{root, project, files, runtimes: [{runtime, installed, version, problem: {why, fix} | null}], next}',
  doctor: '[{check, ok, reason, fix, provider?: {runtime, installed, program, version, authenticated, viable, seen}}]',
  validate: '{ok, projects, agents, diagnostics: [{severity, file, line, column, message, hint}]}',
  config: 'the whole team, with `root`',
  'audit export': '{file, events}',
  ...Object.fromEntries(['daemon status', 'daemon start', 'daemon restart'].map((path) => [path, `${answer('daemon.status').slice(0, -1)}, program: {version, protocol}}`])),
  version: '{version, protocol, node, daemon: {version, protocol, pid} | null}',
}

/** What `--json` prints for a command, such as `[{agent, phase}]`; null where it prints no JSON of its own. */
export function jsonShape(path: string): string | null {
  const operation = path.replace(' ', '.')
  return byHand[path] ?? (isOperation(operation) ? answer(operation) : null)
}

function answer(name: keyof typeof operations, key?: string): string {
  const schema = z.toJSONSchema(operations[name].output) as Json
  return key === undefined ? shape(schema) : shape(((schema.properties as Json)[key] as Json).items as Json)
}

/** Names only: types and units are in the OpenAPI document. `?` after what can be absent. */
function shape(schema: Json): string {
  if (Array.isArray(schema.anyOf)) {
    const options = (schema.anyOf as Json[]).map(shape).filter((each) => each !== '')
    return options.length === 0 ? '' : `${options.join(' | ')}${options.length < schema.anyOf.length ? ' | null' : ''}`
  }
  if (schema.type === 'array') {
    const inner = shape(schema.items as Json)
    return inner === '' ? '' : `[${inner}]`
  }
  if (schema.type !== 'object' || schema.properties === undefined) return ''
  const required = (schema.required ?? []) as string[]
  const keys = Object.entries(schema.properties as Record<string, Json>).map(([key, value]) => {
    const inner = shape(value)
    return `${key}${required.includes(key) ? '' : '?'}${inner === '' ? '' : `: ${inner}`}`
  })
  return `{${keys.join(', ')}}`
}
