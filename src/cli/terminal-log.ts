import { stripVTControlCharacters } from 'node:util'

const forward = /\u001b\[(\d*)C/g
const elsewhere = /\u001b\[[\d;]*[HfABEFd]|\u001bM|\u001b[78]|\u001b\[[su]|\u001b\[[0-3]?J/g
const takenBack = /[^\u0008]\u0008/
const strings = /\u001b[P_^X][\s\S]*?(?:\u001b\\|\u0007)/g

/**
 * What a terminal was sent, made readable as lines of text: colours and titles go, a jump of the cursor
 * ends the line, a line that was drawn over keeps its last state, repeated redraws show once.
 * It is a reading of the log, not the screen: the screen itself comes from the terminal's host.
 */
export function readableLines(raw: string): string[] {
  const text = raw
    .replace(strings, '')
    .replace(forward, (_, columns: string) => ' '.repeat(Math.min(200, Number(columns || '1'))))
    .replace(elsewhere, '\n')
  const lines = stripVTControlCharacters(text).replaceAll('\r\n', '\n').split('\n').map(lastState)
  const shown = lines.filter((line, i) => !isFrame(line) || line !== (lines[i - 1] ?? ''))
  return shown.at(-1) === '' ? shown.slice(0, -1) : shown
}

/** A carriage return draws the line anew; a backspace takes a character back. */
function lastState(line: string): string {
  const drawn = line.split('\r').filter((part) => part !== '')
  let text = drawn.at(-1) ?? ''
  while (takenBack.test(text)) text = text.replace(takenBack, '')
  return text.trimEnd()
}

/** Rules and boxes. */
function isFrame(line: string): boolean {
  return /^[\s─━│┃╭╮╰╯┌┐└┘├┤┬┴┼═║╔╗╚╝▀▄█▌▐░▒▓-]*$/.test(line)
}
