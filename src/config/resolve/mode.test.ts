import { describe, expect, test } from 'vitest'
import { said } from '../../../test/fixtures/config-samples.ts'

const worker = (keys: string) => ({
  'projects/p.yaml': `version: 2\nproject: { id: p, name: P, cwd: . }\nworkers:\n  dev: { ${keys} }\n`,
})

describe('how an agent runs', () => {
  test.each([
    ['mode: terminal', []],
    ['mode: oneshot, task: tidy up', []],
    ['mode: oneshot, task: tidy up, restart: on-failure', []],
    ['mode: protocol', ['error projects/p.yaml:4:16 `alpha` has no mode protocol [use terminal or oneshot]']],
    ['runtime: beta, mode: oneshot, task: x', ['error projects/p.yaml:4:31 `beta` has no mode oneshot [use terminal]']],
    ['mode: oneshot', ['error projects/p.yaml:4:8 a one-shot agent needs a `task` [say what it is to do, or take `mode: oneshot` away]']],
    ['task: tidy up', ['error projects/p.yaml:4:10 `task` is for one-shot agents [add `mode: oneshot`, or send the task as a message]']],
    ['mode: oneshot, task: x, restart: always', ['error projects/p.yaml:4:43 a one-shot agent that always restarts would do its task for ever [use on-failure or never]']],
  ])('%s', (keys, expected) => {
    expect(said(worker(keys))).toEqual(expected)
  })
})
