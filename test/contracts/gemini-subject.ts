import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Launch } from '../../src/core/runtime.ts'
import { gemini } from '../../src/runtimes/gemini/index.ts'
import type { RuntimeSubject } from './runtime-subject.ts'

/** How often it asks stands in the settings of its own home alone. */
const impatient = (launch: Launch): Launch => {
  const file = join(launch.spec.env['GEMINI_CLI_HOME'] ?? '', '.gemini', 'settings.json')
  const settings = JSON.parse(readFileSync(file, 'utf8')) as { general: object }
  writeFileSync(file, JSON.stringify({ ...settings, general: { ...settings.general, maxAttempts: 1 } }))
  return launch
}

/** Gemini CLI as the suite needs to know it. */
export function geminiSubject(env: Record<string, string>): RuntimeSubject {
  return {
    make: gemini,
    env,
    shell: (command) => ({ do: 'tool', tool: 'run_shell_command', args: { command, description: 'as the test says' }, text: '', delay: 0 }),
    asking: /Allow execution of/,
    model: { given: 'gemini-2.5-pro', asked: 'gemini-2.5-pro' },
    limit: { how: (until) => ({ kind: 'status', status: 429, headers: { 'retry-after': new Date(until).toUTCString() }, message: 'Quota exceeded for requests.' }) },
    tries: 2,
    impatient,
    // With more than one try it is asked again.
    drops: 'turn',
  }
}
