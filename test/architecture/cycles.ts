import { finding, part, type Finding, type Import, type Rule, type Source } from './source.ts'

/** No cycle of values anywhere; with types counted, none that leaves a folder. */
export const cycles: Rule = (sources) => {
  const inside = sources.filter((source) => source.path.startsWith('src/'))
  const values = components(inside, (each) => each.kind === 'value')
  const types = components(inside, () => true).filter((group) => new Set(group.map((source) => part(source.path))).size > 1)
  return [...values.map((group) => describe(group, 'imports in a cycle')), ...types.map((group) => describe(group, 'imports in a cycle across folders'))]
}

function describe(group: Source[], what: string): Finding {
  const [first] = group
  if (first === undefined) throw new Error('an empty cycle')
  return finding(first, 0, `${what}: ${group.map((source) => source.path).join(', ')}`)
}

/** Tarjan: groups of files that reach each other, larger than one, and files that import themselves. */
function components(sources: Source[], counts: (each: Import) => boolean): Source[][] {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const index = new Map<Source, number>()
  const low = new Map<Source, number>()
  const stack: Source[] = []
  const found: Source[][] = []

  const visit = (source: Source): number => {
    const at = index.size
    index.set(source, at)
    low.set(source, at)
    stack.push(source)
    for (const next of targets(source)) {
      if (!index.has(next)) low.set(source, Math.min(low.get(source) ?? at, visit(next)))
      else if (stack.includes(next)) low.set(source, Math.min(low.get(source) ?? at, index.get(next) ?? at))
    }
    if (low.get(source) === at) close(source)
    return low.get(source) ?? at
  }
  const targets = (source: Source) =>
    source.imports.filter(counts).flatMap((each) => byPath.get(each.file ?? '') ?? [])
  const close = (source: Source) => {
    const group = stack.splice(stack.indexOf(source))
    if (group.length > 1 || targets(source).includes(source)) found.push(group)
  }

  for (const source of sources) if (!index.has(source)) visit(source)
  return found
}
