import { z } from 'zod'
import { operations, programVersion, type OperationName } from '../api/index.ts'

type Schema = Record<string, unknown>

/** A zod schema as JSON Schema, without the bounds of safe integers, which say nothing and cost every reader. */
export function jsonSchema(schema: z.ZodType): Schema {
  return z.toJSONSchema(schema, {
    io: 'input',
    override({ jsonSchema: made }) {
      if (made.minimum === Number.MIN_SAFE_INTEGER) delete made.minimum
      if (made.maximum === Number.MAX_SAFE_INTEGER) delete made.maximum
    },
  })
}

/** OpenAPI 3.1 of the HTTP API, from the operations table. */
export function openApi(url: string): Schema {
  const names = Object.keys(operations) as OperationName[]
  return {
    openapi: '3.1.0',
    info: { title: 'troupe', version: programVersion },
    servers: [{ url }],
    security: [{ bearer: [] }],
    paths: {
      ...Object.fromEntries(names.map((name) => [`/api/v1/${name}`, { post: describe(name) }])),
      '/api/v1/events': { get: describeEvents },
    },
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: { Error: errorSchema },
    },
  }
}

function describe(name: OperationName): Schema {
  const entry = operations[name]
  return {
    operationId: name,
    summary: entry.about,
    tags: [...entry.who],
    requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(entry.input) } } },
    responses: {
      200: { description: 'Done', content: { 'application/json': { schema: jsonSchema(entry.output) } } },
      default: { description: 'Refused or failed', content: { 'application/json': { schema: errorReference } } },
    },
  }
}

const errorReference: Schema = { $ref: '#/components/schemas/Error' }

const describeEvents: Schema = {
  operationId: 'events',
  summary: 'The journal as server-sent events: from now, or from a cursor on. `reset` says that the cursor is too old.',
  parameters: [
    { name: 'cursor', in: 'query', schema: { type: 'string' } },
    { name: 'Last-Event-ID', in: 'header', schema: { type: 'string' } },
  ],
  responses: { 200: { description: 'A stream that does not end', content: { 'text/event-stream': {} } } },
}

const errorSchema: Schema = {
  type: 'object',
  required: ['error', 'exit'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { type: 'string' },
        message: { type: 'string' },
        hint: { type: 'string', description: 'What to do' },
        facts: { type: 'object' },
      },
    },
    exit: { type: 'integer', description: 'Exit code of the CLI for this error' },
  },
}
