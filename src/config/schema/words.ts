import { z } from 'zod'

/** Small pieces that the schemas share. Empty YAML values never get here: they count as not said. */

/** A value that may be left out; it is null then. */
export function optional<T extends z.ZodType>(schema: T) {
  return schema.nullable().default(null)
}

/** A list that may be left out; it is empty then. */
export function list<T extends z.ZodType>(schema: T) {
  return z.array(schema).default([])
}

export const text = z.string()

export const version = z
  .union([z.int(), z.string()])
  .describe('Version of the file format: 2, or a version string such as "2.0.1"')

/** Names of environment variables; their values never stand in YAML. */
export const variable = z.string()
