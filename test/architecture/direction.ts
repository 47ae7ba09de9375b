import { finding, isProgram, part, type Finding, type Rule, type Source } from './source.ts'

const base = ['core', 'util']
const walls = ['config', 'store', 'supervisors', 'runtimes', 'gateways', 'proxy', 'api']

/** Who may import whom under src/. A path ending in .ts is that one file. The own folder always. */
const allowed: Record<string, readonly string[]> = {
  core: [],
  util: [],
  ...Object.fromEntries(walls.map((wall) => [wall, base])),
  daemon: [...base, ...walls],
  server: [...base, ...walls, 'daemon'],
  client: [...base, 'api', 'config'],
  cli: [...base, 'api', 'config', 'client', 'runtimes/index.ts', 'runtimes/provider-words.ts', 'supervisors/index.ts', 'gateways/index.ts'],
  bin: ['util', 'client'],
}

/** core decides and touches nothing: these are the only things from outside that it may use. */
const coreMayUse = new Set(['node:crypto', 'canonicalize', 'diff', 'fastest-levenshtein', 'uuid'])

export const direction: Rule = (sources) => sources.filter(isProgram).flatMap(checkSource)

function checkSource(source: Source): Finding[] {
  const own = part(source.path)
  const may = allowed[own]
  if (may === undefined) return [finding(source, 0, `is in no folder that the design knows (${Object.keys(allowed).join(', ')})`)]
  return source.imports.flatMap((each) => {
    const what = refusal(own, may, each.specifier, each.file)
    return what === null ? [] : [finding(source, each.start, what)]
  })
}

function refusal(own: string, may: readonly string[], specifier: string, file: string | null): string | null {
  if (specifier === '') return 'imports a computed path, which no tool can follow'
  if (file === null) return own === 'core' && !coreMayUse.has(specifier) ? `core may not use ${specifier}` : null
  if (!file.startsWith('src/')) return `imports ${file}, which is not part of the program`
  const target = part(file)
  if (target === own) return null
  return may.some((each) => (each.endsWith('.ts') ? file === `src/${each}` : target === each)) ? null : `${own} may not import ${file}`
}

export const depth: Rule = (sources) =>
  sources
    .filter((source) => source.path.startsWith('src/') && source.path.split('/').length > 4)
    .map((source) => finding(source, 0, 'is more than two folders deep under src/'))
