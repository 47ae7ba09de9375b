import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { askedBy, findOpenDialog, findStartDialog, lastLines } from './dialogs.ts'
import { findComposer, findRetry } from './screen.ts'

// Screens of 2.1.329; start-resume and open-resume-idle are put together from its words.
const folder = new URL('../../../test/fixtures/claude-screens/', import.meta.url)
const screen = (name: string) => readFileSync(new URL(`${name}.txt`, folder), 'utf8')
const all = readdirSync(folder).map((file) => file.replace('.txt', ''))

const start = {
  'start-trust': 'whether this folder is trusted',
  'start-apikey': 'whether to use the API key in its environment',
  'start-bypass': 'whether bypass mode is meant',
  'start-mcpjson': 'whether to use the MCP servers of .mcp.json',
  'start-include': 'whether CLAUDE.md may import files from outside the folder',
  'start-resume': 'whether to resume the conversation whole or from a summary',
  'start-onboarding': 'its first set-up',
  'start-unreachable': 'its first set-up, for which it cannot reach Anthropic',
}
const open = {
  'open-auto-mode': 'how to go on without auto mode’s check',
  'open-plan': 'approval of its plan',
  'open-question': 'an answer to its question',
  'open-usage-limit': 'what to do about a used-up usage limit',
  'open-resume-idle': 'whether to resume the conversation whole or from a summary',
  'open-permission-bash': 'a permission',
  'open-permission-write': 'a permission',
  'open-model': 'a choice of model',
  'open-login': 'a login',
  'open-resume': 'a choice of conversation',
}

describe('T14: dialogs', () => {
  it('every screen that is kept here has its sentence', () => {
    expect(all.filter((name) => name !== 'retrying').toSorted()).toEqual([...Object.keys(start), ...Object.keys(open)].toSorted())
  })

  it.each(Object.entries(start))('knows %s', (name, what) => {
    expect(findStartDialog(screen(name))).toMatchObject({ what, fix: expect.stringMatching(/./) as string })
  })

  it.each(Object.entries(open))('knows %s', (name, what) => {
    expect(findOpenDialog(screen(name))).toMatchObject({ what, fix: expect.stringMatching(/./) as string })
  })

  it('sees an input box in none of them', () => {
    for (const name of all.filter((each) => each !== 'retrying')) expect({ name, composer: findComposer(screen(name)) }).toEqual({ name, composer: null })
  })

  it('is not fooled by what stands in the conversation', () => {
    const said = `● Do you want to proceed?\n  Select login method:\n${'─'.repeat(40)}\n❯ \n${'─'.repeat(40)}\n  ⏸ manual mode on`
    expect(findOpenDialog(said)).toBeNull()
    expect(findRetry(`● 429 rate limited · retrying soon\n${said}`)).toBeNull()
  })

  it('shows the end of an unknown one, short and harmless', () => {
    const shown = lastLines(`old\n\n── ──\nA \u001b[31mquestion\u202e?\n${'x'.repeat(500)}\n ❯ 1. Yes\n`)
    expect(shown).toMatch(/^old \/ A \\x1b\[31mquestion\\u202e\? \/ x{119}… \/ ❯ 1\. Yes$/)
    expect(lastLines('line\n'.repeat(50)).split(' / ')).toHaveLength(6)
  })
})

it('says why the model’s API is asked again', () => {
  expect(findRetry(screen('retrying'))).toEqual({ line: 'API error · retrying in 4s · attempt 1/10', cause: 'API error' })
  expect(findRetry('✻ 429 rate limited · retrying in 1s · attempt 3/10\n──\n❯ \n──\n ⏸')?.cause).toBe('429 rate limited')
})

describe('a PermissionRequest', () => {
  it.each([
    ['Bash', { command: 'touch x', description: 'makes x' }, 'permission for Bash', 'asks for Bash: touch x'],
    ['Write', { file_path: '/a' }, 'permission for Write', 'asks for Write: /a'],
    ['mcp__other__do', {}, 'permission for mcp__other__do', 'asks for mcp__other__do'],
    ['AskUserQuestion', { questions: [{ question: 'Which colour?' }] }, 'an answer to its question: Which colour?', 'asks for AskUserQuestion: Which colour?'],
    ['ExitPlanMode', { plan: '# plan' }, 'approval of its plan', 'asks for ExitPlanMode'],
    ['Odd', null, 'permission for Odd', 'asks for Odd'],
  ])('of %s', (tool, input, what, evidence) => {
    expect(askedBy(tool, input)).toMatchObject({ what, evidence })
  })

  it('never shows what a terminal would obey, nor without end', () => {
    const { evidence } = askedBy('Bash', { command: `\u001b[2J\n${'y'.repeat(9_000)}` })
    expect(evidence).toMatch(/^asks for Bash: \\x1b\[2J y+…$/)
    expect(evidence.length).toBeLessThan(200)
  })
})
