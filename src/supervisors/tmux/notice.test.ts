import { expect, it } from 'vitest'
import { noticeCommands } from './notice.ts'

it('T37: what stands beside an agent’s terminal is one line, without a style of its own, and hides nothing', () => {
  const told = noticeCommands('%1', 'p:a \u001b[8mis \u202eheld\u200b\u200d\u00ad#[hidden]\r\nfor\ngood').join('\n')
  expect(told).toContain('p:a')
  // oxlint-disable-next-line no-control-regex
  expect(told).not.toMatch(/[\u001b\r\p{Bidi_Control}\p{Default_Ignorable_Code_Point}]/u)
  expect(told).not.toContain('#[')
  expect(noticeCommands('%1', 'p:a\nis held').every((each) => !each.includes('\n'))).toBe(true)
})
