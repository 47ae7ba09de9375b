import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { withClaude } from '../contracts/claude-program.ts'
import { Person } from './person.ts'
import type { Row } from './troupe.ts'

const acks = { tool: 'inbox_ack', args: { ids: '{ids}' } }
const scenario = {
  lead: [
    { when: '/the file (\\S+), as Markdown/s', do: [{ tool: 'Write', args: { file_path: '{1}', content: '# Standup — shop\n\n## lead — done' } }, acks, { text: 'It is in the file.' }] },
    { from: 'user', do: [acks, { text: 'I will see to it.' }] },
    { otherwise: [{ text: 'ok' }] },
  ],
}

withClaude((env) => {
  it('a team from one command line on Claude Code: made without an account in rehearsal, told by the bare prompt with its hook as proof, reports, and goes', async () => {
    const person = new Person(env)
    // Without a rehearsal there is nobody whose account it could use: that is said, and nothing is made.
    expect(await person.run('new', 'shop', '-p', 'claude')).toMatchObject({ code: 1, stderr: expect.stringContaining('it is not logged in') })
    expect(await person.run('new', 'shop', '-p', 'claude', '-m', 'o3', '--rehearsal', 'hello')).toMatchObject({ code: 2, stderr: expect.stringContaining('claude has no model "o3"') })
    expect(await person.json('list')).toEqual([])

    const made = await person.json<Record<string, unknown>>('new', 'shop', '-p', 'claude', '-m', 'sonnet', '--rehearsal', person.scenario(scenario))
    expect(made).toMatchObject({ provider: 'claude', runtime: 'claude-code', model: 'sonnet', cwd: person.work })
    const sent = await person.json<{ deliveries: unknown[] }>('write the missing tests\n\n$(touch MARK) `touch MARK`')
    expect(sent.deliveries).toMatchObject([{ to: 'shop:lead', proof: 'hook' }])
    expect(await person.json('status')).toMatchObject([{ name: 'lead', provider: 'claude', error: null }])
    expect(await person.ok('standup')).toBe('# Standup — shop\n\n## lead — done\n')
    expect(readdirSync(join(person.root('shop'), 'state/standups'))).toHaveLength(1)
    expect(readdirSync(person.work)).toEqual([])
    await person.ok('stop')
    expect((await person.json<Row[]>('ps')).map(({ phase }) => phase)).toEqual(['stopped'])
    await person.ok('delete', 'shop', '-y')
  }, 240_000)
})
