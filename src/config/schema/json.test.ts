import { expect, test } from 'vitest'
import { known } from '../../../test/fixtures/config-samples.ts'
import { fileKinds, jsonSchema } from './json.ts'

interface Lines {
  type?: string
  description?: string
  properties?: Record<string, Lines>
  required?: string[]
  additionalProperties?: boolean | Lines
}

test('every kind of file has a schema that editors can use', () => {
  for (const kind of fileKinds) {
    const schema = jsonSchema(kind, known)
    expect(schema).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      additionalProperties: false,
    })
  }
  expect((jsonSchema('compose', known) as Lines).required).toEqual(['version'])
})

test('every key of an agent says what it is for', () => {
  const agents = (jsonSchema('project', known) as Lines).properties?.workers?.additionalProperties as Lines
  const silent = Object.entries(agents.properties ?? {}).filter(([, lines]) => lines.description === undefined)
  expect(silent).toEqual([])
  expect(agents.properties?.runtime?.description).toContain('alpha, beta, later')
})
