import { describe, expect, it } from 'vitest'
import { chosenAgents, choose } from './choice.ts'
import { TroupeError } from './error.ts'
import type { Team } from './team.ts'

const team = (projects: Record<string, string[]>): Team =>
  ({ projects: Object.entries(projects).map(([id, agents]) => ({ id, channels: [], agents: agents.map((name) => ({ id: name, project: id, address: `${id}:${name}` })) })) }) as unknown as Team

const office = team({ newsroom: ['head_editor', 'writer'], blog: ['writer', 'newsroom'] })
const chosen = (...names: string[]): string[] => chosenAgents(choose(names, [office]), office).map(({ address }) => address)
const refusal = (...names: string[]): TroupeError => {
  try {
    chosen(...names)
  } catch (error) {
    if (error instanceof TroupeError) return error
  }
  return expect.fail('it was taken')
}

describe('names of projects and agents', () => {
  it('mean all where there are none, whole projects, and single agents', () => {
    expect(chosen()).toHaveLength(4)
    expect(chosen('newsroom')).toEqual(['newsroom:head_editor', 'newsroom:writer'])
    expect(chosen('head_editor', 'blog:writer')).toEqual(['newsroom:head_editor', 'blog:writer'])
  })

  it('mean the project where an agent has the same name, and say so', () => {
    expect(choose(['newsroom'], [office]).notices).toEqual(['newsroom is a project and an agent: all of the project is taken; the agent alone is blog:newsroom'])
    expect(chosen('blog:newsroom')).toEqual(['blog:newsroom'])
  })

  it('that are of several agents, or of nobody, are refused with what was meant', () => {
    expect(refusal('writer')).toMatchObject({ code: 'unknown', hint: 'write newsroom:writer or blog:writer' })
    expect(refusal('newsrom')).toMatchObject({ code: 'unknown', hint: 'did you mean newsroom?' })
    expect(refusal('blog:writr')).toMatchObject({ code: 'unknown', hint: 'did you mean blog:writer?' })
  })

  it('are looked up in what is applied too: who left the files can still be named', () => {
    const files = team({ blog: ['writer'] })
    expect([...choose(['head_editor', 'newsroom'], [files, office]).projects]).toEqual(['newsroom'])
  })
})
