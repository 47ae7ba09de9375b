import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tarGz } from '../src/util/tar.ts'

/**
 * Keeps the programs of this version as `test/fixtures/releases/<version>.tar.gz`: the next release is tested on top of
 * them (`test/e2e/upgrade.test.ts`). The same checkout gives the same bytes. What was kept once is not replaced.
 */
const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = readFileSync(join(root, 'package.json'), 'utf8')
const { version } = JSON.parse(manifest) as { version: string }
const file = join(root, 'test', 'fixtures', 'releases', `${version}.tar.gz`)

if (existsSync(file)) {
  process.stderr.write(`release-fixture: ${file} is there already, and a release does not change. Try: raise the version in package.json first\n`)
  process.exit(1)
}
execFileSync(process.execPath, [join(root, 'scripts', 'build.ts'), '--clean'], { stdio: 'inherit' })
const programs = readdirSync(join(root, 'dist')).toSorted()
const entries = programs.map((name) => ({ name: `dist/${name}`, content: readFileSync(join(root, 'dist', name)) }))
// Without "type": "module" Node would have to guess what the programs are.
const archive = tarGz([{ name: 'package.json', content: manifest }, ...entries], 0)
mkdirSync(dirname(file), { recursive: true })
writeFileSync(file, archive)
process.stderr.write(`release-fixture: ${file}, ${Math.round(archive.length / 1024)} KB\n`)
