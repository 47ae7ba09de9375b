import type { Launch } from '../../src/core/runtime.ts'
import { claude } from '../../src/runtimes/claude/index.ts'
import type { RuntimeSubject } from './runtime-subject.ts'

const impatient = ({ spec, ...rest }: Launch): Launch => ({ ...rest, spec: { ...spec, env: { ...spec.env, CLAUDE_CODE_MAX_RETRIES: '1' } } })

/** Only who pays by subscription has an allowance. */
const subscribed = (launch: Launch): Launch => {
  const { spec, ...rest } = impatient(launch)
  const { ANTHROPIC_AUTH_TOKEN: _, ...env } = spec.env
  return { ...rest, spec: { ...spec, env: { ...env, CLAUDE_CODE_OAUTH_TOKEN: `sk-ant-oat01-${'x'.repeat(80)}` } } }
}

const usedUp = (until: number) => ({
  'anthropic-ratelimit-unified-status': 'rejected',
  'anthropic-ratelimit-unified-reset': String(until / 1000),
  'anthropic-ratelimit-unified-representative-claim': 'five_hour',
})

/** Claude Code as the suite needs to know it. */
export function claudeSubject(env: Record<string, string>): RuntimeSubject {
  return {
    make: claude,
    env,
    shell: (command) => ({ do: 'tool', tool: 'Bash', args: { command, description: 'as the test says' }, text: '', delay: 0 }),
    asking: /Do you want to proceed\?/,
    model: { given: 'claude-opus-4-8', asked: 'claude-opus-4-8' },
    effort: /"effort":"low"/,
    limit: { how: (until) => ({ kind: 'status', status: 429, headers: usedUp(until), message: 'This request would exceed your rate limit.' }), launch: subscribed },
    tries: 2,
    impatient,
  }
}
