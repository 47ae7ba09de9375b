import { expect, it } from 'vitest'
import { checkArgs, settingsIn } from './beforehand.ts'

it('asks with those of the agent’s words that change settings, and no others', () => {
  expect(settingsIn(['--search', '-c', 'features.hooks=false', '-m', 'x', '--enable', 'a', '--disable=b', '--config=k=v', '-ck=v', '--color', 'never'])).toEqual(['-c', 'features.hooks=false', '--enable', 'a', '--disable=b', '--config=k=v', '-ck=v'])
  expect(settingsIn(['-c'])).toEqual(['-c'])
  expect(() => checkArgs(['--json', '--ignore-user-config'])).toThrow('--ignore-user-config')
  expect(() => checkArgs(['-c', 'model=x'])).not.toThrow()
})
