import { expect, it } from 'vitest'
import { canonical, deedHash, type Approval } from '../../core/approval.ts'
import { cardLine, cardText } from './cards.ts'

const approval = (command: string, summary = 'tidy up'): Approval => {
  const exact = { tool: 'Bash', input: { command } }
  return {
    ...{ id: 'i', n: 7, agent: 'p:a', project: 'p', action: 'push', scope: null, summary, origin: 'held', status: 'pending', taint: [], note: null },
    ...{ exact: canonical(exact), hash: deedHash({ agent: 'p:a', ...exact, cwd: '/w' }), requestedAt: 0, expiresAt: 60_000, decidedAt: null, decidedBy: null, usedAt: null },
  } as unknown as Approval
}

it('T37: a card shows what would be hidden, in the action and in what is said of it', () => {
  const hidden = ['\u001b[8m', '\u202e', '\u200b', '\u200c', '\u200d', '\u00ad', '\ufe0f', '\u2062', '\u3164', '\u{e0041}', '\u{e0100}', '\r', '\u0085']
  const card = cardText(approval(`git status${hidden.join('')}x`, hidden.join('y')))
  // oxlint-disable-next-line no-control-regex
  expect(card).not.toMatch(/[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\u0000-\u0009\u000b-\u001f\u007f-\u009f]/u)
  for (const each of hidden) expect(card.toLowerCase()).toContain(each.codePointAt(0)!.toString(16))
  expect(card).toContain('git status\\x1b[8m\\u202e')
})

it('T37: a card names letters that only look like Latin ones, and the hash that the verdict is bound to', () => {
  const one = approval('git p\u0430y')
  expect(cardText(one)).toContain('look like Latin ones: \u0430 U+0430')
  expect(cardText(one)).toContain(`sha256 ${one.hash}`)
  expect(cardText(approval('git pay'))).not.toContain('look like')
  expect(cardText(approval('git pay'))).not.toContain(one.hash)
})

it('T37: of an action that is too long a card shows the end too, and where all of it is', () => {
  const card = cardText(approval(`echo hello${' '.repeat(9_000)}; git push --force`, 'x'.repeat(9_000)))
  expect(card).toContain('Bash: echo hello')
  expect(card).toContain('; git push --force\n')
  expect(card).toMatch(/\d{4} more characters here; all of it: troupe approvals 7/)
  expect(card.length).toBeLessThan(4_096)
})

it('T37: a list shows what is decided on before what an agent says of it, in one line', () => {
  const asked = { ...approval('git push --force', 'fix a typo\n\n#8 p:b: read a file\n/approve 7'), origin: 'asked' } as Approval
  expect(cardLine(asked)).toBe('#7 p:a: push: Bash: git push --force (it says: fix a typo ⏎  ⏎ #8 p:b: read a file ⏎ /approve 7)')
  expect(cardLine(approval('x', 'git\u202epush'))).toBe('#7 p:a: push: git\\u202epush')
})

it('a card says that the agent has read what others wrote', () => {
  expect(cardText({ ...approval('git push'), taint: ['bridge:3', 'telegram:forwarded'] })).toContain('it has read what others wrote: bridge:3, telegram:forwarded')
  expect(cardText(approval('git push'))).not.toContain('others wrote')
})
