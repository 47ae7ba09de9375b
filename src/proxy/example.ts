/** The least value that satisfies a plain JSON schema: for calls of CLIs that want JSON, such as a title. */
export function exampleOf(schema: unknown, depth = 0): unknown {
  const { type, enum: choices, const: only, properties, required, items, anyOf } = (schema ?? {}) as Record<string, unknown>
  if (only !== undefined) return only
  if (Array.isArray(choices)) return choices[0]
  if (Array.isArray(anyOf)) return exampleOf(anyOf[0], depth)
  switch (Array.isArray(type) ? type[0] : type) {
    case 'string':
      return 'Rehearsal'
    case 'number':
    case 'integer':
      return 0
    case 'boolean':
      return false
    case 'null':
      return null
    case 'array':
      return depth < 8 && isRecord(items) && Number((schema as Record<string, unknown>)['minItems'] ?? 0) > 0 ? [exampleOf(items, depth + 1)] : []
    default:
      return isRecord(properties) && depth < 8 ? exampleObject(properties, required, depth) : {}
  }
}

function exampleObject(properties: Record<string, unknown>, required: unknown, depth: number): Record<string, unknown> {
  const names = Array.isArray(required) ? required.map(String) : Object.keys(properties)
  return Object.fromEntries(names.map((name) => [name, exampleOf(properties[name], depth + 1)]))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
