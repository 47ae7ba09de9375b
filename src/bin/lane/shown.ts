/** A few lines of a terminal, and whose words they are. */
export interface Shown {
  who: 'user' | 'agent' | 'more' | 'tool' | 'result' | 'error' | 'asks' | 'note'
  text: string
}

/** Makes lines for people of what a CLI says (`out`) and is told (`in`). Forms that it does not know show nothing. */
export type View = (event: Fields, way: 'out' | 'in') => Shown[]

export type Fields = Readonly<Record<string, unknown>>

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

export function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : []
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

const longest = 400
const mostLines = 6

/** For what is long and seldom read: the answer of a tool, its arguments. */
export function brief(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  const lines = text.trimEnd().split('\n')
  const cut = lines.slice(0, mostLines).join('\n').slice(0, longest)
  return cut.length < text.trimEnd().length ? `${cut} …` : cut
}

/** A call with what makes it this one: the command or the file, where it has one. */
export function callText(tool: string, input: unknown): string {
  const fields = fieldsOf(input)
  const main = ['command', 'file_path', 'path', 'url', 'pattern'].map((name) => fields[name]).find((value) => typeof value === 'string' || Array.isArray(value))
  const said = Array.isArray(main) ? main.join(' ') : (main ?? (Object.keys(fields).length === 0 ? '' : input))
  return `${tool} ${brief(said)}`.trimEnd()
}

/** Blocks of a message as the models' APIs have them: text, or a tool's images and files by their kind. */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return content
  return listOf(content)
    .map((block) => (typeof block['text'] === 'string' ? block['text'] : typeof block['content'] === 'object' && block['content'] !== null ? contentText([block['content']]) : `[${textOf(block['type']) || 'data'}]`))
    .join('\n')
}

export function tokens(input: unknown, output: unknown): string {
  return `${Number(input ?? 0)} in, ${Number(output ?? 0)} out`
}
