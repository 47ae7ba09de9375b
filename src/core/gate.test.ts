import { describe, expect, it } from 'vitest'
import { judge, type ToolCall } from './gate.ts'
import { noHitl } from './limits.ts'
import { inCommand, inTool } from './sensitive.ts'
import type { Autonomy, PermissionMode } from './team.ts'

const hitl = { ...noHitl, globallySensitiveActions: ['publish', 'external_email'] }
const shell = (command: string, cwd = '/w'): ToolCall => ({ tool: 'Bash', kind: 'shell', input: { command }, command, paths: [], cwd })
const edit = (path: string): ToolCall => ({ tool: 'Edit', kind: 'edit', input: { path }, command: null, paths: [path], cwd: '/w' })
const read = (path: string): ToolCall => ({ ...edit(path), tool: 'Read', kind: 'read' })
const fetch: ToolCall = { ...edit('x'), tool: 'WebFetch', kind: 'fetch', paths: [] }
const team: ToolCall = { ...edit('x'), tool: 'mcp__team__dm', kind: 'team', paths: [] }

function verdict(call: ToolCall, permissionMode: PermissionMode = 'auto', autonomy: Autonomy = 'low_risk_only'): string {
  const found = call.command === null ? inTool(call.tool) : inCommand(call.command)
  const judged = judge({ permissionMode, autonomy, cwd: '/w' }, call, found, hitl)
  return judged.do === 'hold' ? `hold ${judged.actions.join()}` : judged.do
}

describe('permission modes', () => {
  it.each<[PermissionMode, ToolCall, string]>([
    ['plan', shell('git push'), 'deny'],
    ['plan', edit('a'), 'pass'],
    ['confirm', read('a'), 'hold tool_call'],
    ['confirm', shell('ls'), 'hold tool_call'],
    ['confirm', shell('git push'), 'hold publish'],
    ['confirm', team, 'allow'],
    ['manual', shell('ls'), 'pass'],
    ['manual', shell('git push'), 'hold publish'],
    ['auto', edit('a/b'), 'allow'],
    ['auto', edit('/w/a'), 'allow'],
    ['auto', fetch, 'pass'],
    ['auto', edit('../a'), 'pass'],
    ['auto', edit('/etc/passwd'), 'pass'],
    ['auto', shell('npm test && git commit -am x'), 'allow'],
    ['auto', edit('~/.profile'), 'pass'],
    ['auto', edit('.git/hooks/pre-commit'), 'pass'],
    ['auto', edit('.gitignore'), 'allow'],
    ['auto', { ...edit('x'), paths: [] }, 'pass'],
    ['auto', shell('echo x > .git/hooks/pre-commit'), 'pass'],
    ['auto', shell('cd && rm -rf x'), 'pass'],
    ['auto', shell('cd - && rm -rf x'), 'pass'],
    ['auto', shell('cd sub && rm -rf x'), 'allow'],
    ['auto', shell('npm test', '/elsewhere'), 'pass'],
    ['auto', shell('cat ~/.ssh/id_rsa'), 'pass'],
    ['auto', shell('cat ../x'), 'pass'],
    ['auto', shell('echo x >/etc/passwd'), 'pass'],
    ['auto', shell('echo x > /dev/null'), 'allow'],
    ['auto', shell('A=/etc/x cat'), 'pass'],
    ['auto', shell('rm -rf "$X"'), 'pass'],
    ['auto', shell('python3 -c "open(chr(47))"'), 'pass'],
    ['auto', shell('curl https://example.com'), 'pass'],
    ['auto', shell('sudo ls'), 'pass'],
    ['auto', shell('git push'), 'hold publish'],
    ['auto', { ...edit('x'), tool: 'mcp__gmail__send_email', kind: 'other' }, 'hold external_email'],
    ['bypass', shell('ls /'), 'pass'],
    ['bypass', shell('git push'), 'hold publish'],
    // Not in this team's list.
    ['auto', shell('gh release create v1'), 'allow'],
  ])('%s %#', (mode, call, expected) => {
    expect(verdict(call, mode)).toBe(expected)
  })
})

describe('autonomy', () => {
  const doubtful = shell('X=push; git $X')
  it.each<[Autonomy, ToolCall, string]>([
    ['full', doubtful, 'pass'],
    ['low_risk_only', doubtful, 'hold publish,external_email'],
    ['full', shell('git push'), 'hold publish'],
    ['proposal_only', shell('ls'), 'hold change'],
    ['proposal_only', edit('a'), 'hold change'],
    ['proposal_only', read('a'), 'allow'],
    ['proposal_only', fetch, 'pass'],
    ['proposal_only', team, 'allow'],
  ])('%s %#', (autonomy, call, expected) => {
    expect(verdict(call, 'auto', autonomy)).toBe(expected)
  })
})
