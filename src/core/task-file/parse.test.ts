import { expect, it } from 'vitest'
import { parseTaskFile } from './parse.ts'

const titles = (text: string): string[] => parseTaskFile(text).items.map(({ title }) => title)
const flaws = (text: string): string[] => parseTaskFile(text).flaws.map(({ severity, line, column, message }) => `${severity} ${line}:${column} ${message}`)

it('reads boxes of every kind of list, ticked or not', () => {
  const { items } = parseTaskFile('- [ ] a\n* [x] b\n+ [X] c\n1. [ ] d\n2) [ ] e\n-[ ] f\n-  [ ]  g\n')
  expect(items.map(({ title, done, number, line, column }) => [title, done, number, line, column])).toEqual([
    ['a', false, null, 1, 3],
    ['b', true, null, 2, 3],
    ['c', true, null, 3, 3],
    ['d', false, 1, 4, 4],
    ['e', false, 2, 5, 4],
    ['f', false, null, 6, 2],
    ['g', false, null, 7, 4],
  ])
})

it('leaves prose, links, rules across the page and quotes alone', () => {
  expect(parseTaskFile('Some text\n- plain\n- [link](https://x)\n- [x](https://x)\n* * *\n> - [ ] quoted\n**[ ] bold**\n')).toEqual({ items: [], flaws: [] })
})

it('leaves boxes in code fences alone, at the margin, in a list, and with ~~~', () => {
  expect(titles('```md\n- [ ] no\n```\n- [ ] yes\n  ~~~\n  - [ ] no\n  ```\n  ~~~\n- [ ] also\n- ```\n  - [ ] no\n  ```\n  - [ ] below\n')).toEqual(['yes', 'also', 'below'])
})

it('ends a fence with the item that it stands in', () => {
  expect(titles('- [ ] a\n  ```\n  x\n- [ ] b\n')).toEqual(['a', 'b'])
})

it('gives the fence and everything else that is indented to the task, as it stands there', () => {
  const { items } = parseTaskFile('- [ ] do it\n  so that it works:\n\n  ```sh\n  if x; then\n    - [ ] y\n  fi\n  ```\n\n  - plain\n    more\n\nProse at the margin.\n- [ ] next\n\tby tab\n')
  expect(items.map(({ body }) => body)).toEqual(['so that it works:\n\n```sh\nif x; then\n  - [ ] y\nfi\n```\n\n- plain\n  more', 'by tab'])
})

it('leaves comments alone, over lines too, and keeps them from the worker', () => {
  const { items } = parseTaskFile('<!-- - [ ] no -->\n<!--\n- [ ] no\n-->\n- [ ] yes\n  <!-- for people -->\n  body\n')
  expect(items.map(({ title, body }) => [title, body])).toEqual([['yes', 'body']])
})

it('says where a fence or a comment that is never closed begins: it would swallow tasks', () => {
  expect(flaws('- [ ] a\n\n```\n- [ ] b\n')).toEqual(['error 3:1 a code fence opens here and is never closed'])
  expect(flaws('a\n  <!-- x\n- [ ] b\n')).toEqual(['error 2:3 a comment opens here and is never closed'])
})

it('takes an indented box as a part of the task above it', () => {
  const { items } = parseTaskFile('- [ ] a\n    - [ ] b\n        * [ ] c\n    - plain\n        - [ ] d\n- [ ] e\n')
  expect(items.map(({ title, parent }) => [title, parent?.title ?? null])).toEqual([['a', null], ['b', 'a'], ['c', 'b'], ['d', 'a'], ['e', null]])
})

it('knows the heading of the second level above a task, and that one of the first ends it', () => {
  const { items } = parseTaskFile('# Plan\n- [ ] a\n## server/ ##\n- [ ] b\n### more\n- [ ] c\n# Other\n- [ ] d\n')
  expect(items.map(({ heading }) => heading)).toEqual([null, { title: 'server/', line: 3, column: 4 }, { title: 'server/', line: 3, column: 4 }, null])
})

it('#21: keeps prose in brackets, and takes settings out', () => {
  expect(titles('- [ ] fix login (see #12)\n- [ ] a (b) (model: m)\n- [ ] call f(a: b)\n- [ ] look (https://x.y/z)\n- [ ] at (12:30)\n- [ ] x (one, two)')).toEqual([
    'fix login (see #12)',
    'a (b)',
    'call f(a: b)',
    'look (https://x.y/z)',
    'at (12:30)',
    'x (one, two)',
  ])
})

it('reads every setting, in either case, and lists of what to wait for', () => {
  const [item] = parseTaskFile('- [ ] go on (Provider: r, MODEL: m-1, mode: interactive, name: n.1, dir: ~/a (b), effort: High, after: x, #2 y, worktree: yes)').items
  const said = Object.fromEntries(Object.entries(item?.settings ?? {}).map(([key, one]) => [key, Array.isArray(one) ? one.map(({ value }) => value) : one?.value]))
  expect(said).toEqual({ runtime: 'r', model: 'm-1', mode: 'terminal', name: 'n.1', dir: '~/a (b)', effort: 'high', after: ['x', '2', 'y'], worktree: true })
})

it.each([
  ['- [ ] a (modle: x)', 'error 1:10 there is no setting `modle`'],
  ['- [ ] a (model: x, note: y)', 'error 1:20 there is no setting `note`'],
  ['- [ ] a (model: x, please)', 'error 1:20 `please` stands between settings and is none'],
  ['- [ ] a (model:)', 'error 1:10 `model` has no value'],
  ['- [ ] a (dir: x, cwd: y)', 'error 1:18 `cwd` says again what is said before'],
  ['- [ ] a (mode: fast)', 'error 1:10 there is no mode `fast`'],
  ['- [ ] a (mode: constructor)', 'error 1:10 there is no mode `constructor`'],
  ['- [ ] a (effort: huge)', 'error 1:10 there is no effort `huge`'],
  ['- [ ] a (worktree: maybe)', 'error 1:10 `worktree` is true or false, and not `maybe`'],
  ['- [ ] a (name: 12)', 'error 1:10 `12` cannot be a name: numbers are the places of tasks'],
  ['- [ ] a (name: 2fa)', 'error 1:10 the name `2fa` holds characters that names may not have'],
  ['- [ ] a (name: $(rm))', 'error 1:10 the name `$(rm)` holds characters that names may not have'],
  ['- [ ] a (model: -x)', 'error 1:10 `-x` cannot be the name of a model'],
  ['text\n\n  - [ ] (model: x)', 'error 3:5 a task without text'],
  ['- [ ]', 'error 1:3 a task without text'],
  ['- [] a', 'error 1:3 a box without anything in it is no box'],
  ['- [x]a', 'error 1:3 the text follows the box at once'],
  ['- [-] a', 'warning 1:3 a box with `-` is neither open nor ticked, and no task'],
  ['text\n\n    - [ ] a', 'warning 3:5 a box that is indented by four columns, below no item of a list, is code, and no task'],
])('names the place of what is wrong in %j', (text, expected) => {
  expect(flaws(text)).toEqual([expected])
})

it('counts columns behind tabs and a byte order mark as editors do', () => {
  expect(flaws('\uFEFF- [] a\r\n\t- [] b\r\n')).toEqual(['error 1:3 a box without anything in it is no box', 'error 2:4 a box without anything in it is no box'])
})

it('reads the arrow that ends a line, after the settings, and keeps one in prose', () => {
  const { items } = parseTaskFile('- [ ] a (model: m) ← w-1 | running | 2m 05s\n- [x] b ← w\n- [ ] map x ← y in the docs\n- [ ] `x ← y`\n- [ ] c←d')
  expect(items.map(({ title, arrow }) => [title, arrow])).toEqual([
    ['a', { worker: 'w-1', status: 'running', elapsed: '2m 05s' }],
    ['b', { worker: 'w', status: null, elapsed: null }],
    ['map x ← y in the docs', null],
    ['`x ← y`', null],
    ['c←d', null],
  ])
})

it('keeps a task’s key while everything around it, its settings, its body and its arrow change, and tells equal ones apart', () => {
  const key = (text: string, n = 0): string | undefined => parseTaskFile(text).items[n]?.key
  expect(key('- [ ] a')).toBe(key('# T\n\n- [ ] zero\n* [x] a (model: m) ← w | done\n  body\n', 1))
  expect(key('- [ ] a\n- [ ] a', 0)).not.toBe(key('- [ ] a\n- [ ] a', 1))
  expect(key('- [ ] p\n  - [ ] a', 1)).not.toBe(key('- [ ] a'))
  expect(key('- [ ] one (name: n)')).toBe(key('- [ ] two (name: n)'))
})

it('reads lines of any length and bodies of any number of lines', () => {
  const body = '  b\n'.repeat(200_000)
  expect(parseTaskFile(`- [ ] a\n${body}`).items[0]?.body).toHaveLength(200_000 * 2 - 1)
  expect(titles(`- [ ] ${'← w '.repeat(50_000)}x\n## a${' '.repeat(100_000)}#\n- [ ] b`)).toHaveLength(2)
})
