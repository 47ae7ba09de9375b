import { codex } from '../../src/runtimes/codex/index.ts'
import type { RuntimeSubject } from './runtime-subject.ts'

/** What every mode of Codex brings to the suites. */
export function codexSubject(env: Record<string, string>): RuntimeSubject {
  return {
    make: codex,
    env,
    shell: (cmd) => ({ do: 'tool', tool: 'exec_command', args: { cmd, sandbox_permissions: 'require_escalated', justification: 'as the test says' }, text: '', delay: 0 }),
    asking: /Would you like to run the following command\?/,
    model: { given: 'gpt-5.2-codex', asked: 'gpt-5.2-codex' },
    effort: /"effort":"low"/,
    limit: { how: (until) => ({ kind: 'status', status: 429, headers: { 'x-resets-at': String(until / 1000) }, message: 'usage_limit_reached' }) },
    tries: 9,
  }
}
