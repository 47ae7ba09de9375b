import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { cliReference } from '../../scripts/docs/cli.ts'
import { configReference } from '../../scripts/docs/config.ts'

test.each([
  ['cli.md', cliReference],
  ['config.md', configReference],
])('docs/%s is what the program says; node scripts/docs.ts writes it', (name, make) => {
  expect(readFileSync(fileURLToPath(new URL(`../../docs/${name}`, import.meta.url)), 'utf8')).toBe(make())
})
