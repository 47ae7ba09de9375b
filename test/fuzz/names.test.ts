import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compose, known, project, teamRoot } from '../fixtures/config-samples.ts'
import { canBroadcast, canDm } from '../../src/core/acl.ts'
import { channelAddress, resolveAgent, resolveAgents, resolveChannel } from '../../src/core/address.ts'
import { TroupeError } from '../../src/core/error.ts'
import { agentsOf } from '../../src/core/team.ts'
import { load } from '../../src/config/load.ts'
import { patience, runs } from './runs.ts'

const other = project.replace('id: p', 'id: q')
const loaded = load(teamRoot({ 'team-compose.yaml': `${compose}  - file: projects/q.yaml\n`, 'projects/p.yaml': project, 'projects/q.yaml': other }), known)
if (loaded.team === null) throw new Error('the sample is a team')
const team = loaded.team
const agents = agentsOf(team)

const name = fc.oneof(
  fc.array(fc.constantFrom('p', 'q', ':', '#', 'lead', 'dev', 'all', '*', ' ', '\0', '/', '..', '__proto__', 'constructor', '\u202e', 'user', 'troupe'), { maxLength: 6 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary' }),
)

/** The answer, or the refusal that says what to do; anything else is a defect. */
function tried<T>(find: () => T): T | null {
  try {
    return find()
  } catch (error) {
    expect(error).toBeInstanceOf(TroupeError)
    expect(error).toMatchObject({ code: 'unknown', hint: expect.stringMatching(/./) })
    return null
  }
}

test('a name is one of the team’s or refused, and no name leads an agent across projects', () => {
  fc.assert(fc.property(name, fc.option(fc.constantFrom('p', 'q', 'nowhere'), { nil: undefined }), fc.constantFrom(...agents), (asked, from, sender) => {
    const agent = tried(() => resolveAgent(team, asked, from))
    if (agent !== null) {
      expect(agents).toContain(agent)
      expect([agent.address, agent.id]).toContain(asked)
      if (agent.project !== sender.project) expect(canDm(team, sender.address, agent).ok).toBe(false)
    }
    tried(() => resolveAgents(team, [asked, asked]))
    const channel = tried(() => resolveChannel(team, asked, from))
    if (channel === null) return
    expect([channelAddress(channel), `#${channel.name}`, channel.name]).toContain(asked)
    if (channel.project !== sender.project) expect(canBroadcast(team, sender.address, channel).ok).toBe(false)
  }), runs(2000, 200_000))
}, patience)

test('files with bytes changed at random are a team, or errors with a place', () => {
  const edit = fc.tuple(fc.nat(2000), fc.nat(12), fc.oneof(
    fc.constantFrom('\0', '\t', '&a ', '*a', '<<: ', '!!js ', '- ', '{', '}', '[', ']', ': ', '"', "'", '|\n', '\ufeff', '../', '__proto__: 1\n', '*', '\r', '%', '@', '`', '0x', '1e999', 'null'),
    fc.string({ maxLength: 8 }),
  ))
  fc.assert(fc.property(fc.array(edit, { minLength: 1, maxLength: 5 }), fc.boolean(), (edits, inProject) => {
    const changed = edits.reduce((text, [at, length, put]) => text.slice(0, at % text.length) + put + text.slice((at % text.length) + length), inProject ? project : compose)
    const files = { 'team-compose.yaml': inProject ? compose : changed, 'projects/p.yaml': inProject ? changed : project }
    const result = load(teamRoot(files), known)
    const errors = result.diagnostics.filter(({ severity }) => severity === 'error')
    expect(result.team === null).toBe(errors.length > 0)
    for (const { line, column, message } of result.diagnostics) expect([line > 0, column > 0, message.length > 0]).toEqual([true, true, true])
  }), runs(150, 20_000))
}, patience)
