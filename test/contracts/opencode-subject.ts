import type { RuntimeSubject } from './runtime-subject.ts'

const atDate = (until: number) => ({ 'retry-after': new Date(until).toUTCString() })

/** OpenCode for the suites, but for the mode that it runs in. */
export function opencodeSubject(env: Record<string, string>): Omit<RuntimeSubject, 'make'> {
  return {
    env,
    shell: (command) => ({ do: 'tool', tool: 'bash', args: { command, description: 'as the test says' }, text: '', delay: 0 }),
    asking: /Permission required/,
    model: { given: 'anthropic/claude-opus-4-8', asked: 'claude-opus-4-8' },
    effort: /"reasoning_effort":"low"/,
    limit: { how: (until) => ({ kind: 'status', status: 429, headers: atDate(until), message: 'Rate limit reached' }) },
    tries: 1,
    endless: ['429', '500', 'STREAM'],
  }
}
