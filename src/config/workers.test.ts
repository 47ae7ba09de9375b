import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { withWorker, withWorkers, withoutWorkers, workerEntry } from './workers.ts'

const file = `# who we are
version: 2
project: { id: shop, name: Shop, cwd: . } # here
managers:
  # she decides
  lead: { runtime: scripted }
workers:
  dev: # the first
    runtime: scripted
`

it('adds a worker and takes it out again without touching what else is written', () => {
  const more = withWorker(file, 'fix', { runtime: 'scripted', spawned: true })
  expect(more).toBe(`${file}  fix:\n    runtime: scripted\n    spawned: true\n`)
  expect(withoutWorkers(more, ['fix', 'nobody'])).toBe(file)
  expect(withoutWorkers(file, ['nobody'])).toBe(file)
  expect(workerEntry(more, 'fix')).toEqual({ runtime: 'scripted', spawned: true })
  expect(workerEntry(file, 'fix')).toBeUndefined()
})

it('leaves every other byte alone: comments behind values, other line ends, what follows', () => {
  for (const text of [`${file}\n# the end\nchannels: []\n`, file.replaceAll('\n', '\r\n'), file.trimEnd(), `${file}  qa: {runtime: scripted} # short\n`, file.replace('workers:', 'workers: # many')]) {
    const more = withWorker(text, 'fix', { runtime: 'scripted', task: 'a\n b\n' })
    expect(workerEntry(more, 'fix')).toEqual({ runtime: 'scripted', task: 'a\n b\n' })
    expect(withoutWorkers(more, ['fix']).trimEnd()).toBe(text.trimEnd())
    expect(workerEntry(withWorker(more, 'fix', { task: 'other' }), 'fix')).toEqual({ task: 'other' })
  }
})

it('adds the first worker where the file has none, or an empty word, or an empty list', () => {
  for (const text of ['version: 2\n', 'version: 2\nworkers:\n', 'version: 2\nworkers: {}\n', '{"version": 2}']) {
    expect(parse(withWorker(text, 'fix', { runtime: 'x' }))).toEqual({ version: 2, workers: { fix: { runtime: 'x' } } })
  }
})

it('agentic-team #5, #11, #12, #13, #34: a task comes back word for word, whatever is in it', () => {
  const texts = ['-starts-with-dash', '"; touch MARK; $(x) `y`', 'one\ntwo\n\n three  \n', 'coverage to 90%\nthen stop #', 'a: b\n---\n...\n', `${'0123456789'.repeat(2_500)}\nend`, 'x\r\ny\t\u2028z\u{1f600}', '~', 'true', '0x1F', '${HOME} {1}']
  for (const task of texts) expect(workerEntry(withWorker(file, 'fix', { task }), 'fix')).toEqual({ task })
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }).map((text) => text.toWellFormed()), (task) => {
    expect(workerEntry(withWorker(file, 'fix', { task }), 'fix')).toEqual({ task })
  }))
})

it('adds and takes out many at once as it does one by one', () => {
  const ids = ['one', 'two', 'three']
  const entries = new Map(ids.map((id) => [id, { runtime: 'scripted', task: `${id}\n twice`, spawned: true }]))
  for (const text of [file, file.replaceAll('\n', '\r\n'), 'version: 2\nworkers: {}\n', 'version: 2\n']) {
    const more = withWorkers(text, entries)
    expect(more).toBe([...entries].reduce((before, [id, entry]) => withWorker(before, id, entry), text))
    expect(withoutWorkers(more, ids)).toBe(ids.reduce((before, id) => withoutWorkers(before, [id]), more))
    expect(parse(withoutWorkers(more, [...ids, 'nobody']))).toEqual({ workers: {}, ...(parse(text) as object) })
  }
})
