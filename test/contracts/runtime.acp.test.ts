import { describe, expect, it } from 'vitest'
import { acpDescriptor, geminiByAcp } from './acp-subject.ts'
import { runtimeContract } from './runtime.ts'

const descriptor = acpDescriptor('gemini', ['--acp', '--skip-trust'])

if (descriptor !== null) runtimeContract('acp, with Gemini CLI as the agent', geminiByAcp(descriptor))
else
  describe('Gemini CLI over the Agent Client Protocol', () => {
    it('is installed in .clis, where npm test puts it', (context) => {
      context.skip(process.env['CI'] === undefined, 'Gemini CLI is not installed in .clis')
      expect(descriptor).not.toBeNull()
    })
  })
