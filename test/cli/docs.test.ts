import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { cliReference } from '../../scripts/docs/cli.ts'
import { configReference } from '../../scripts/docs/config.ts'
import { manPage } from '../../scripts/docs/man.ts'

test.each([
  ['cli.md', cliReference],
  ['config.md', configReference],
  ['troupe.1', manPage],
])('docs/%s is what the program says; node scripts/docs.ts writes it', (name, make) => {
  expect(readFileSync(fileURLToPath(new URL(`../../docs/${name}`, import.meta.url)), 'utf8')).toBe(make())
})

test('the man page holds no character that man would take for its own', () => {
  const lines = manPage().split('\n')
  expect(lines.filter((line) => /^['.]/.test(line) && !/^\.(\\"|TH|SH|SS|TP|PP|B|RI)( |$)/.test(line))).toEqual([])
  expect(lines.filter((line) => /\\(?![&e(\-"])/.test(line))).toEqual([])
  expect(lines.filter((line) => /[^\x20-\x7e]/.test(line))).toEqual([])
})
