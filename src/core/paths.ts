/** POSIX paths as text, for rules that look at no disk. */

export function isAbsolute(path: string): boolean {
  return path.startsWith('/')
}

export function resolve(folder: string, path: string): string {
  const parts: string[] = []
  for (const part of (isAbsolute(path) ? path : `${folder}/${path}`).split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}

/** The way from a folder to a path below it; one that begins with `..` where it lies elsewhere. */
export function relative(folder: string, path: string): string {
  const [from, to] = [resolve('/', folder), resolve('/', path)]
  if (from === to) return ''
  const below = from === '/' ? '/' : `${from}/`
  return to.startsWith(below) ? to.slice(below.length) : `../${to}`
}
