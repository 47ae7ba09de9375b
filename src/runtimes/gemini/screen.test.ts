import { expect, it } from 'vitest'
import { look, showsQuestion } from './screen.ts'

const rule = '─'.repeat(60)
const [above, below] = ['▄'.repeat(60), '▀'.repeat(60)]
const footer = [' workspace (/directory)        sandbox        /model', ' /work                         no sandbox     gemini-2.5-flash']
const composer = (text: string, status = '  ? for shortcuts') => [status, rule, ' Shift+Tab to accept edits        1 MCP server', above, text, below, ...footer].join('\n')
const box = (...lines: string[]) => ['╭'.padEnd(60, '─') + '╮', ...lines.map((line) => `│ ${line.padEnd(56)} │`), '╰'.padEnd(60, '─') + '╯'].join('\n')
const said = [above, ' > an older prompt', below, '', '✦ I wrote: (esc to cancel, 3s) and ● 1. Allow once'].join('\n')
const ready = ' >   Type your message or @path/to/file'

it('tells an empty box from a draft, and a shell command from a prompt', () => {
  expect(look(`${said}\n${composer(ready)}`)).toEqual({ draft: '', inShell: false, working: false, dialog: null })
  expect(look(composer(' > half a thou\n   and more'))).toMatchObject({ draft: 'half a thou\nand more' })
  expect(look(composer(' !   rm it'))).toMatchObject({ draft: 'rm it', inShell: true })
})

it('believes its status line alone that it works, whatever an agent says', () => {
  expect(look(`${said}\n${composer(ready, ' ⠏ Thinking... (esc to cancel, 12s)')}`)).toMatchObject({ working: true })
  expect(look(`${said}\n${composer(ready)}`).working).toBe(false)
})

it('sees a question only where the input box would be', () => {
  const question = box('? Shell  touch made', 'Allow execution of [Shell]?', '', '● 1. Allow once', '  2. Allow for this session', '  3. No, suggest changes (esc)')
  expect(look(`${said}\n${question}`)).toMatchObject({ draft: null, dialog: { what: 'a permission' } })
  expect(look(`${question}\n${composer(ready)}`).dialog).toBeNull()
  expect(look(`${said}\n${box('✓  Shell touch made', 'Allow execution of nothing')}`).dialog).toBeNull()
})

it.each([
  [['Usage limit reached for gemini-2.5-flash.', '● 1. Keep trying', '  2. Stop'], { what: 'what to do about a used-up usage limit', limit: true }],
  [['We are currently experiencing high demand.', '● 1. Keep trying', '  2. Stop'], { what: 'whether to go on trying', limit: true }],
  [['Do you trust the files in this folder?', '● 1. Trust folder (x)', "  3. Don't trust"], { what: 'whether this folder is trusted' }],
  [['How would you like to authenticate for this project?', '● 1. Sign in with Google'], { what: 'a login' }],
  [['Something new', '● 1. Yes'], { what: 'unknown' }],
])('names the dialog %j', (lines, dialog) => {
  expect(look(box(...lines)).dialog).toMatchObject(dialog)
})

it('answers no other command than the one that is shown, with “Allow once” marked', () => {
  const question = (command: string, choice = '● 1. Allow once') => box(`? Shell  ${command}`, command, 'Allow execution of [Shell]?', choice, '  3. No, suggest changes (esc)')
  expect(showsQuestion(question('git push'), 'git push')).toBe(true)
  expect(showsQuestion(question('git push --force'), 'git push')).toBe(false)
  expect(showsQuestion(question('git push', '  1. Allow once'), 'git push')).toBe(false)
})
