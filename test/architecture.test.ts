import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cases } from './architecture/broken.ts'
import { mentions } from './architecture/mentions.ts'
import { rules } from './architecture/rules.ts'
import { report } from './architecture/sizes.ts'
import { parse, readSources, readTexts, root, type Finding } from './architecture/source.ts'

const show = (findings: Finding[]) => findings.map((each) => `${each.path}:${each.line}: ${each.what}`)
const tree = (files: Record<string, string>) => Object.entries(files).map(([path, text]) => parse(path, text))

function deadLinks(path: string, text: string): string[] {
  return [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
    .map((match) => match[1] ?? '')
    .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(path), target)))
    .map((target) => `${path}: ${target}`)
}

describe('the source tree', () => {
  const sources = readSources()

  test('is read whole', () => {
    expect(sources.map((source) => source.path)).toEqual(expect.arrayContaining(['src/core/team.ts', 'scripts/run.mjs', 'test/architecture.test.ts']))
    console.log(report(sources))
  })

  test.each(Object.entries(rules))('keeps the rule: %s', (_name, rule) => {
    expect(show(rule(sources))).toEqual([])
  })

  test('mentions nothing of the machine it was made on', () => {
    const texts = readTexts()
    expect([...texts.keys()]).toEqual(expect.arrayContaining(['package.json', '.ci/run', '.gitignore', 'bin/troupe']))
    expect(show(mentions(texts, root))).toEqual([])
  })
})

describe('the documents', () => {
  const texts = readTexts()

  test('give a reason for each dependency', () => {
    const { devDependencies } = JSON.parse(texts.get('package.json') ?? '') as { devDependencies: Record<string, string> }
    const reasons = texts.get('docs/decisions/dependencies.md') ?? ''
    expect(Object.keys(devDependencies).filter((name) => !reasons.includes(`\`${name}\``))).toEqual([])
  })

  test('link to what is there', () => {
    expect([...texts].filter(([path]) => path.endsWith('.md')).flatMap(([path, text]) => deadLinks(path, text))).toEqual([])
    expect(deadLinks('docs/a.md', '[b](no-such.md) [c](../README.md#top) [d](https://example.org)')).toEqual(['docs/a.md: no-such.md'])
  })
})

describe('each rule can fail', () => {
  test.each(cases)('$rule: $says', ({ rule, bad, says, good = {} }) => {
    expect(show(rules[rule](tree(bad)))).toEqual([expect.stringMatching(says)])
    expect(show(rules[rule](tree(good)))).toEqual([])
  })

  test('every rule has a case', () => {
    expect(new Set(cases.map((each) => each.rule))).toEqual(new Set(Object.keys(rules)))
  })

  test('mentions', () => {
    const bad = ['..', 'shared', 'x.md'].join('/')
    expect(show(mentions(new Map([['docs/a.md', `fine\nsee ${bad}`], ['b', 'at /here/now']]), '/here'))).toHaveLength(2)
    expect(mentions(new Map([['a', 'a shared thing']]), '/here')).toEqual([])
  })
})
