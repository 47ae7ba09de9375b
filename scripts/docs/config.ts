import { fileKinds, jsonSchema, type FileKind } from '../../src/config/schema/json.ts'
import { known } from '../../src/cli/team-files.ts'
import { table } from './cli.ts'

interface Schema {
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  additionalProperties?: Schema | boolean
  required?: string[]
  default?: unknown
  description?: string
}

const files: Record<FileKind, [string, string]> = {
  compose: ['team-compose.yaml', 'The team: one in the root, which is the folder that holds it (`.team/` by custom).'],
  project: ['projects/<id>.yaml', 'One project: its agents and channels. The paths are named by `projects` of team-compose.yaml.'],
  runtime: ['runtimes/<name>.yaml', 'Any command as an agent CLI. The file’s name is the word for `runtime`.'],
}

/** docs/config.md, made from the schemas that check the files. */
export function configReference(): string {
  return [
    '<!-- Made by scripts/docs.ts from src/config/schema/. Do not edit. -->',
    '# Files of a team',
    '',
    '`troupe validate` checks them, `troupe config` prints them with every default, `troupe config schema` prints the JSON Schema for editors.',
    'Relative paths are relative to the team root. An empty value means the default.',
    ...fileKinds.flatMap((kind) => page(kind)),
    '',
  ].join('\n')
}

function page(kind: FileKind): string[] {
  const [file, about] = files[kind]
  const rows = keys(jsonSchema(kind, known) as Schema, '')
  return ['', `## ${file}`, '', about, '', ...table(['key', 'value', 'default', 'meaning'], rows)]
}

/** One row for each key, those of maps and lists below their own. */
function keys(schema: Schema, prefix: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, each]) => {
    const path = `${prefix}${key}`
    const inner = insides(each).flatMap(([suffix, part]) => keys(part, `${path}${suffix}.`))
    return [[`\`${path}\``, shape(each), fallback(schema, key, each), each.description ?? ''], ...inner]
  })
}

function insides(schema: Schema): [string, Schema][] {
  const own: [string, Schema][] = schema.properties === undefined ? [] : [['', schema]]
  const items: [string, Schema][] = schema.items === undefined ? [] : insides(schema.items).map(([suffix, part]) => [`[]${suffix}`, part])
  const more = schema.additionalProperties
  const values: [string, Schema][] = typeof more === 'object' ? insides(more).map(([suffix, part]) => [`.<name>${suffix}`, part]) : []
  return [...own, ...items, ...values, ...(schema.anyOf ?? []).flatMap(insides)]
}

function shape(schema: Schema): string {
  if (schema.const !== undefined) return `\`${String(schema.const)}\``
  if (schema.enum !== undefined) return schema.enum.filter((each) => each !== null).map((each) => `\`${String(each)}\``).join(', ')
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(shape).filter((each) => each !== ''))].join(' or ')
  const types = [schema.type ?? 'any'].flat().filter((each) => each !== 'null')
  return types.map((type) => (type === 'array' ? `list${schema.items === undefined ? '' : ` of ${shape(schema.items) || 'any'}`}` : type === 'object' ? 'map' : type)).join(' or ')
}

function fallback(parent: Schema, key: string, schema: Schema): string {
  if (schema.default === undefined) return parent.required?.includes(key) === true ? '**required**' : ''
  const text = JSON.stringify(schema.default)
  return ['null', '{}', '[]', '""'].includes(text) ? '' : `\`${text}\``
}
