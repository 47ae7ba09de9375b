import { expect, it } from 'vitest'
import { Shop, shop } from './workers.ts'

/** An agent that knows nothing of conversations. */
const plain = { 'runtimes/plain.yaml': 'binary: cat\n' }

it('a worker is made on a conversation that exists, also of one that is gone, and in both modes', async () => {
  const team = new Shop({ ...shop([{ when: 'remember', do: [{ text: 'I will.' }] }, { when: 'what was it', do: [{ text: 'Seven.' }] }]), ...plain })
  await team.ok('up')
  await team.spawn('-n', 'first', 'remember the number seven')
  await team.waited()
  const { session } = await team.json<{ session: string }>('inspect', 'first')
  // While somebody has it, nobody else gets it.
  expect(await team.run('spawn', '-n', 'second', '-r', session, 'what was it')).toMatchObject({ code: 1, stderr: expect.stringMatching(/is that of p:first[\s\S]*troupe resume p:first/) })
  await team.ok('clear')
  expect((await team.json<{ agent: string }[]>('ps')).map(({ agent }) => agent)).toEqual(['p:lead'])

  await team.spawn('-n', 'second', '--resume-session', session, 'what was it')
  expect((await team.waited('second')).out.done).toMatchObject([{ agent: 'p:second' }])
  expect((await team.json<{ session: string }>('inspect', 'second')).session).toBe(session)
  expect(await team.events()).toContainEqual(expect.objectContaining({ type: 'agent.phase', agent: 'p:second', data: expect.objectContaining({ why: 'ready, conversation resumed' }) }))
  await team.ok('clear')
  // Under the name of one that is gone, and with a conversation of that one's own.
  await team.spawn('-n', 'second', '--mode', 'oneshot', '-r', session, 'what was it')
  expect((await team.waited('second')).out.done).toMatchObject([{ agent: 'p:second', signal: 'process' }])
  expect((await team.json<{ session: string }>('inspect', 'second')).session).toBe(session)
})

it('a conversation that cannot be taken up is refused before anything is made, with the reason', async () => {
  const team = new Shop({ ...shop([]), ...plain })
  await team.ok('up')
  const unknown = '0199a5b2-7c31-7d54-9c1e-2f4b8a6d0e13'
  const refused = async (code: number, said: RegExp, ...args: string[]) => expect(await team.run('spawn', ...args, 'go on')).toMatchObject({ code, stderr: expect.stringMatching(said) })
  await refused(4, /scripted has no conversation 0199a5b2[\s\S]*troupe inspect/, '-r', unknown)
  await refused(4, /has no conversation \.\.\/\.\.\/x/, '-r', '../../x')
  await refused(2, /plain cannot go on with a conversation by its id[\s\S]*take .*scripted/, '--runtime', 'plain', '-r', unknown)
  await refused(2, /a new worktree is another/, '--worktree', '-r', unknown)
  expect(team.workersInFile()).toEqual({})
  expect(await team.tasks()).toEqual([])
})
