import { z } from 'zod'
import { list, optional, text } from './words.ts'

const pattern = text.describe('JavaScript regular expression')

/** `runtimes/<name>.yaml`: any command as an agent. */
export const descriptorSchema = z.strictObject({
  binary: text.describe('The program, looked up on PATH'),
  args: list(text).describe('Its arguments'),
  protocol: optional(z.enum(['acp'])).describe('acp: it speaks the Agent Client Protocol on its standard input and output, and its agents run in mode protocol'),
  auth: optional(text).describe('With protocol acp: the way in which it logs in where it says that it must, one that needs no person, such as an API key of its environment'),
  supports_mcp: z.boolean().default(false).describe('Whether it reads an MCP configuration'),
  session_resume: optional(text).describe('How it takes up an earlier conversation'),
  default_model: optional(text).describe('Model for agents that name none'),
  env: z.record(text, text).default({}).describe('Environment variables set for it'),
  rehearsal_env: optional(z.record(text, text)).describe('With protocol acp: variables set for it in a rehearsal, which lead it to the scripted model; `${TROUPE_MODEL_URL}` is where that is, `${TROUPE_AGENT_TOKEN}` its key. Without them a scripted agent stands in for it'),
  ready: optional(pattern).describe('Seen on the screen once it can be written to (JavaScript regular expression)'),
  busy: optional(pattern).describe('Seen on the screen while it works'),
  idle: optional(pattern).describe('Seen on the screen while it waits for input'),
  rate_limit_patterns: list(
    z.strictObject({ match: pattern, resets_at_capture: optional(text), resets_in_capture: optional(text) }),
  ).describe('Seen when a limit was hit; the captures name the group that holds the time'),
})

export type RawDescriptor = z.output<typeof descriptorSchema>
