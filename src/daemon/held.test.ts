import { expect, it } from 'vitest'
import { holdValues } from './held.ts'

it('takes what a person brings also where the clock was set back, and from a keeper only what is newer', () => {
  const held = holdValues({ at: 1_000, env: { KEY: 'old' } })
  held.put({ at: 500, env: { KEY: 'older' } })
  expect(held.values?.env).toEqual({ KEY: 'old' })
  held.renew({ KEY: 'new' }, 500)
  expect(held.values).toEqual({ at: 1_000, env: { KEY: 'new' } })
})
