import { describe, expect, it } from 'vitest'
import { findComposer } from './screen.ts'

const esc = '\u001b'
const rule = `${esc}[38;2;136;136;136m${'─'.repeat(40)}`
const footer = `${esc}[39m  ${esc}[38;2;153;153;153m⏸ manual mode on${esc}[39m`

// Lines as 2.1.329 draws them.
const screen = (...box: string[]) => [`${esc}[39m● done`, rule, ...box, `${esc}[0m${rule}`, footer].join('\n')

describe('findComposer', () => {
  it.each([
    ['empty, cursor drawn', [`${esc}[39m❯ ${esc}[7m`], { mode: '❯', text: '' }],
    ['empty, cursor reset', [`${esc}[39m❯ ${esc}[7m ${esc}[0m${esc}[39m${esc}[49m`], { mode: '❯', text: '' }],
    ['a draft', [`${esc}[39m❯ a draft${esc}[7m`], { mode: '❯', text: 'a draft' }],
    ['a draft of two lines', [`${esc}[39m❯ line one`, `  line two${esc}[7m`], { mode: '❯', text: 'line one\nline two' }],
    ['a draft of one letter under the cursor', [`${esc}[39m❯ ${esc}[7ma${esc}[0m`], { mode: '❯', text: 'a' }],
    ['a suggestion', [`${esc}[39m❯ ${esc}[7mR${esc}[0;2m${esc}[39m${esc}[49mesend your message to try again${esc}[0m`], { mode: '❯', text: '' }],
    ['a draft with the cursor at its start', [`${esc}[39m❯ ${esc}[7ma${esc}[0m draft`], { mode: '❯', text: 'a draft' }],
    ['coloured words', [`❯ ${esc}[38;2;10;2;7mred${esc}[39m`], { mode: '❯', text: 'red' }],
    ['a shell command', [`! ${esc}[39m ls${esc}[7m ${esc}[0m`], { mode: '!', text: 'ls' }],
  ])('finds %s', (_name, box, composer) => {
    expect(findComposer(screen(...box))).toEqual(composer)
  })

  it('finds none in a dialog', () => {
    expect(findComposer([rule, ' Bash command', ' touch x', ' Do you want to proceed?', ' ❯ 1. Yes', '   2. No'].join('\n'))).toBeNull()
    expect(findComposer(screen(' Do you want to proceed?', ' ❯ 1. Yes'))).toBeNull()
    expect(findComposer('')).toBeNull()
  })

  it('takes the lowest box, whatever was said above, and a rule with a name in it', () => {
    const said = [rule, '❯ not this', rule].join('\n')
    const named = [`${'─'.repeat(30)} alice ─`, '❯ ', '─'.repeat(40), footer].join('\n')
    expect(findComposer(`${said}\n${screen('❯ that')}`)?.text).toBe('that')
    expect(findComposer(named)).toEqual({ mode: '❯', text: '' })
  })
})
