/** A value of a TOML file: tables nest, and arrays hold tables alone or values alone. */
export type Toml = string | number | boolean | Toml[] | { [key: string]: Toml }

/** A TOML document. Values of a table come before its tables, as the format wants it. */
export function toml(document: { [key: string]: Toml }): string {
  return `${table(document, []).join('\n')}\n`
}

function table(values: { [key: string]: Toml }, path: string[]): string[] {
  const entries = Object.entries(values)
  const plain = entries.filter(([, value]) => !isTable(value) && !isTables(value)).map(([key, value]) => `${name(key)} = ${inline(value)}`)
  const nested = entries.flatMap(([key, value]) => {
    const at = [...path, key]
    const heading = at.map(name).join('.')
    if (isTables(value)) return value.flatMap((each) => ['', `[[${heading}]]`, ...table(each, at)])
    return isTable(value) ? ['', `[${heading}]`, ...table(value, at)] : []
  })
  return [...plain, ...nested]
}

function isTable(value: Toml): value is { [key: string]: Toml } {
  return typeof value === 'object' && !Array.isArray(value)
}

function isTables(value: Toml): value is { [key: string]: Toml }[] {
  return Array.isArray(value) && value.length > 0 && value.every(isTable)
}

function inline(value: Toml): string {
  if (typeof value === 'string') return text(value)
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`
  if (typeof value === 'object') return `{ ${Object.entries(value).map(([key, each]) => `${name(key)} = ${inline(each)}`).join(', ')} }`
  return String(value)
}

function name(key: string): string {
  return /^[\w-]+$/.test(key) ? key : text(key)
}

/** JSON's escapes are TOML's too; DEL it wants escaped as well, and lone surrogates it does not know. */
function text(value: string): string {
  return JSON.stringify(value.toWellFormed()).replaceAll('\u007F', String.raw`\u007F`)
}
