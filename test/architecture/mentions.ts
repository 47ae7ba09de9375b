import type { Finding } from './source.ts'

/** Put together here, so that this file does not mention them. */
const words = [['..', 'shared'].join('/'), ['', 'work', 'main'].join('/'), ['', 'work', 'shared'].join('/'), ['', 'root', ''].join('/')]

/** The project speaks of itself alone: no path of the machine it was made on, in any file. `home` is where this checkout is. */
export function mentions(texts: ReadonlyMap<string, string>, home: string): Finding[] {
  return [...texts].flatMap(([path, text]) =>
    text.split('\n').flatMap((line, n) => {
      const found = [...words, home].find((word) => line.includes(word))
      return found === undefined ? [] : [{ path, line: n + 1, what: `mentions ${found}` }]
    }),
  )
}
