import { expect, test, vi } from 'vitest'
import { fileURLToPath } from 'node:url'
import { withCli } from '../contracts/cli-program.ts'
import { patiently, team, Troupe, type Mail } from './troupe.ts'

const small = fileURLToPath(new URL('../fixtures/acp-agent.mjs', import.meta.url))

withCli('gemini', 'TROUPE_GEMINI_ACP', (env) => {
  test('a rehearsal leads a real agent over ACP to the scripted model, and has a scripted one stand in for what it does not know how to lead there', async () => {
    const agents = { gem: { runtime: 'gemini-acp' }, odd: { runtime: 'odd' }, bare: { runtime: 'acp', args: [small] } }
    const scenario = { 'p:gem': [{ from: 'user', do: [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'taken' }] }] }
    const rehearsalEnv = { GOOGLE_GEMINI_BASE_URL: '${TROUPE_MODEL_URL}', GEMINI_API_KEY: '${TROUPE_AGENT_TOKEN}', GEMINI_CLI_NO_RELAUNCH: 'true' }
    const troupe = new Troupe(
      {
        ...team(agents, { scenario }),
        'runtimes/gemini-acp.yaml': JSON.stringify({ binary: 'gemini', args: ['--acp', '--skip-trust'], protocol: 'acp', rehearsal_env: rehearsalEnv }),
        'runtimes/odd.yaml': JSON.stringify({ binary: small, protocol: 'acp' }),
      },
      env,
    )
    const { stdout, stderr } = await troupe.run('up')
    for (const name of ['odd', 'bare']) expect(stdout + stderr).toMatch(new RegExp(`p:${name}: .*rehearsal_env.*; a scripted agent stands in for it`))
    expect(stdout + stderr).not.toMatch(/p:gem: .*stands in/)
    for (const name of ['gem', 'odd', 'bare']) await vi.waitFor(async () => expect((await troupe.agent(name)).phase).toBe('idle'), patiently)
    await troupe.ok('send', 'gem', 'hello')
    await vi.waitFor(async () => expect((await troupe.json<Mail[]>('mail', 'gem')).find(({ text }) => text === 'hello')).toMatchObject({ proof: expect.stringMatching(/protocol|tool/) as string, state: 'acked' }), patiently)
  })
})
