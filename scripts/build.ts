import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type OutputFile, type Plugin } from 'esbuild'

/**
 * Bundles every program into the flat folder dist/, dependencies included: the published package needs none.
 * `--clean` removes what earlier builds left; without it chunks of the last day stay for processes that still run from them.
 */
const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')

/** Node's version is checked and the compile cache is on before the code of these is loaded, by a front file. */
const fronted: Record<string, string> = { troupe: 'src/cli/main.ts', daemon: 'src/server/main.ts' }
const plain: Record<string, string> = {
  ...Object.fromEntries(['launcher', 'keeper', 'hook', 'gate', 'pair', 'shim', 'scripted', 'lane'].map((name) => [name, `src/bin/${name}.ts`])),
  checkpointer: 'src/store/checkpointer.ts',
}

/** Goes on with `load`. Syntax of older Nodes, since it is they that are turned away here. */
function front(builtin: (name: string) => string, load: string): string {
  return `const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 16)) {
  process.stderr.write('troupe: needs Node 24.16 or newer, this is ' + process.version + ' (' + process.execPath + ')\\nTry: start it as troupe (bin/troupe finds or fetches a Node that fits); if it did, remove the file path beside that Node in ~/.troupe/node or .node\\n')
  process.exit(1)
}
// Not the default under the system's temporary folder, where others could put code for us to run.
const home = ${builtin('os')}.homedir()
if (home.startsWith('/')) ${builtin('module')}.enableCompileCache(home + '/.troupe/cache')
${load}
`
}

const fronts: Record<string, string> = {
  'troupe.cjs': front((name) => `require('node:${name}')`, "require('./troupe-everyday.cjs')"),
  'daemon.js': front((name) => `(await import('node:${name}'))`, "await import('./daemon-main.js')"),
}

const banner = "import { createRequire as createRequireOfChunk } from 'node:module';const require = createRequireOfChunk(import.meta.url);\n"

/** Only chunks with CommonJS inside pay for \`require\`. */
function content(file: OutputFile): string {
  return file.path.endsWith('.js') && /Dynamic require of|\b__require\b/.test(file.text) ? banner + file.text : file.text
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

/**
 * The small program has only these of all that is loaded later; the rest meets NeedsWholeProgram. None of them may need
 * what reads the team's files, nor the parser library.
 */
const light = /\/(commands\/(prompt|ps|status|send|mail|inspect|lifecycle|tail|tasks|up|usage|wait)|client\/start|util\/(programs|gone))\.ts$/

/** A library of these in the small program doubles what every command takes to start. */
const heavy = /node_modules\/(yaml|zod|commander|hono|kysely|pg|pino|@[^/]+\/[^/]+)\//

const everydayOnly: Plugin = {
  name: 'everyday',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\.ts$/ }, ({ kind, path }) => {
      if (kind !== 'dynamic-import' || light.test(path)) return undefined
      return path === './main.ts' ? { path: './troupe-main.js', external: true } : { path, namespace: 'whole' }
    })
    onLoad({ filter: /./, namespace: 'whole' }, () => ({
      contents: "import { NeedsWholeProgram } from './src/cli/whole.ts'\nthrow new NeedsWholeProgram()",
      resolveDir: root,
    }))
  },
}

const started = Date.now()
const wanted = { ...plain, ...Object.fromEntries(Object.entries(fronted).map(([name, path]) => [`${name}-main`, path])) }

// What is wrong was printed by esbuild itself.
const common = {
  absWorkingDir: root,
  outdir: dist,
  bundle: true,
  write: false,
  platform: 'node',
  target: 'node24',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
} as const
const [whole, everyday] = await Promise.all([
  build({ ...common, entryPoints: wanted, chunkNames: '[name]-[hash]', splitting: true, format: 'esm' }),
  build({
    ...common,
    entryPoints: { 'troupe-everyday': 'src/cli/everyday.ts' },
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    metafile: true,
    plugins: [everydayOnly],
    define: { 'import.meta.url': 'fileUrl' },
    banner: { js: "const fileUrl=require('node:url').pathToFileURL(__filename).href;" },
  }),
]).catch(() => process.exit(1))
const loaded = Object.keys(everyday.metafile?.inputs ?? {}).find((path) => heavy.test(path))
if (loaded !== undefined) {
  process.stderr.write(`build: the everyday program now loads ${loaded}. Find what imports it for all commands, and import it where it is used\n`)
  process.exit(1)
}
const outputFiles = [...whole.outputFiles, ...everyday.outputFiles]

mkdirSync(dist, { recursive: true })
const isEntry = (file: OutputFile) => file.path.endsWith('.cjs') || Object.hasOwn(wanted, basename(file.path, '.js'))
const ordered = [...outputFiles.filter((file) => !isEntry(file)), ...outputFiles.filter(isEntry)]
const written = new Set<string>()
for (const file of ordered) {
  put(basename(file.path), content(file))
  written.add(basename(file.path))
}
for (const [name, text] of Object.entries(fronts)) {
  put(name, text)
  written.add(name)
}
sweep(written, process.argv.includes('--clean'))

const bytes = [...written].reduce((sum, name) => sum + readFileSync(join(dist, name)).length, 0)
process.stderr.write(`build: ${written.size} files, ${Math.round(bytes / 1024)} KB in dist/, ${Date.now() - started} ms\n`)
