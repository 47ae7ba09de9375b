import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ControlParser, type Reply } from '../../src/supervisors/tmux/parser.ts'
import { patience, runs } from './runs.ts'

type Heard = { reply: Reply } | { foreign: Reply } | { notice: string }

/** Feeds chunks; `seals` are handed out one for each block of ours. */
function parse(chunks: string[], seals: (string | null)[] = []): Heard[] {
  const heard: Heard[] = []
  const left = [...seals]
  const parser = new ControlParser({
    onReply: (reply) => heard.push({ reply }),
    onForeign: (reply) => heard.push({ foreign: reply }),
    onNotice: (notice) => heard.push({ notice }),
    seal: () => left.shift() ?? null,
  })
  for (const chunk of chunks) parser.push(chunk)
  return heard
}

const guard = fc.tuple(fc.nat(9), fc.nat(9), fc.constantFrom(0, 1)).map((numbers) => numbers.join(' '))
const line = fc.oneof(
  { weight: 3, arbitrary: guard.map((numbers) => `%begin ${numbers}`) },
  { weight: 3, arbitrary: guard.map((numbers) => `%end ${numbers}`) },
  guard.map((numbers) => `%error ${numbers}`),
  fc.constantFrom('', '%', '%exit', '%begin', '%end 1', '%output %1 \\033[31m', '%sessions-changed', '\0', '\r', '\ud800', 'word'),
  fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\n', '')),
)
const lines = fc.array(line, { maxLength: 40 })

test('whatever comes, in whatever pieces, is read alike and never thrown at', () => {
  fc.assert(fc.property(lines, fc.array(fc.nat(400)), fc.array(fc.option(fc.constantFrom('word', '')), { maxLength: 4 }), (all, cuts, seals) => {
    const whole = `${all.join('\n')}\n`
    const places = [0, ...cuts.filter((at) => at < whole.length).toSorted((a, b) => a - b), whole.length]
    const pieces = places.slice(1).map((end, n) => whole.slice(places[n], end))
    expect(parse(pieces, seals)).toEqual(parse([whole], seals))
  }), runs(1500, 200_000))
}, patience)

test('a screen is answered as it is, whatever it shows, and the answers after it are their own', () => {
  const secret = 'c0ffee5ec2e7'
  fc.assert(fc.property(lines.filter((all) => !all.includes(secret)), (screen) => {
    const stream = [
      '%begin 7 1 1', ...screen, '%end 7 1 1', '%begin 7 2 1', secret, '%end 7 2 1',
      '%sessions-changed', '%begin 7 3 1', 'mine', '%error 7 3 1', '',
    ].join('\n')
    const heard = parse([stream], [secret, null])
    expect(heard.at(-1)).toEqual({ reply: { ok: false, lines: ['mine'] } })
    const first = heard.find((each) => 'reply' in each)
    // One that shows the very end of its own block may be cut there, and nowhere else.
    expect(first?.reply.lines).toEqual(screen.slice(0, first?.reply.lines.length))
    if (!screen.some((shown) => shown === '%end 7 1 1' || shown === '%error 7 1 1')) expect(first).toEqual({ reply: { ok: true, lines: screen } })
  }), runs(1500, 200_000))
}, patience)
