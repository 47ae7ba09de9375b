import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type OutputFile } from 'esbuild'

/**
 * Bundles every program into the flat folder dist/, dependencies included: the published package needs none.
 * `--clean` removes what earlier builds left; without it chunks of the last day stay for processes that still run from them.
 */
const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')

/** Programs that get a front file: Node's version is checked and the compile cache is on before their code is loaded. */
const fronted: Record<string, string> = { troupe: 'src/cli/main.ts', daemon: 'src/server/main.ts' }
const plain: Record<string, string> = Object.fromEntries(
  ['launcher', 'keeper', 'hook', 'shim', 'scripted'].map((name) => [name, `src/bin/${name}.ts`]),
)

function front(name: string): string {
  return `import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 16)) {
  process.stderr.write('troupe: needs Node 24.16 or newer, this is ' + process.version + ' (' + process.execPath + ')\\nTry: start it as troupe (bin/troupe finds or fetches a Node that fits); if it did, remove the file path beside that Node in ~/.troupe/node or .node\\n')
  process.exit(1)
}
// Not the default under the system's temporary folder, where others could put code for us to run.
if (homedir().startsWith('/')) enableCompileCache(homedir() + '/.troupe/cache')
await import('./${name}-main.js')
`
}

const banner = "import { createRequire as createRequireOfChunk } from 'node:module';const require = createRequireOfChunk(import.meta.url);\n"

/** Only chunks with CommonJS inside pay for \`require\`. */
function content(file: OutputFile): string {
  return file.text.includes('Dynamic require of') || /\b__require\b/.test(file.text) ? banner + file.text : file.text
}

/** A reader never sees half a file. */
function put(name: string, text: string): void {
  const fresh = join(dist, `.${name}.${process.pid}`)
  writeFileSync(fresh, text)
  renameSync(fresh, join(dist, name))
}

function sweep(written: Set<string>, all: boolean): void {
  const dayAgo = Date.now() - 86_400_000
  for (const name of readdirSync(dist)) {
    if (written.has(name)) continue
    if (all || statSync(join(dist, name)).mtimeMs < dayAgo) rmSync(join(dist, name), { recursive: true })
  }
}

const started = Date.now()
const wanted = { ...plain, ...Object.fromEntries(Object.entries(fronted).map(([name, path]) => [`${name}-main`, path])) }

// What is wrong was printed by esbuild itself.
const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: wanted,
  outdir: dist,
  chunkNames: '[name]-[hash]',
  bundle: true,
  write: false,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
}).catch(() => process.exit(1))

mkdirSync(dist, { recursive: true })
const isEntry = (file: OutputFile) => Object.hasOwn(wanted, basename(file.path, '.js'))
const ordered = [...outputFiles.filter((file) => !isEntry(file)), ...outputFiles.filter(isEntry)]
const written = new Set<string>()
for (const file of ordered) {
  put(basename(file.path), content(file))
  written.add(basename(file.path))
}
for (const name of Object.keys(fronted)) {
  put(`${name}.js`, front(name))
  written.add(`${name}.js`)
}
sweep(written, process.argv.includes('--clean'))

const bytes = [...written].reduce((sum, name) => sum + readFileSync(join(dist, name)).length, 0)
process.stderr.write(`build: ${written.size} files, ${Math.round(bytes / 1024)} KB in dist/, ${Date.now() - started} ms\n`)
