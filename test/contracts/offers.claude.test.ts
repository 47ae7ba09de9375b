import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import type { Agent } from '../../src/core/team.ts'
import type { Rule, Step } from '../../src/proxy/scenario.ts'
import { loadRuntime, runtimeNames } from '../../src/runtimes/index.ts'
import { claude } from '../../src/runtimes/claude/index.ts'
import { generic } from '../../src/runtimes/generic.ts'
import { withClaude } from './claude-program.ts'
import { RuntimeStage, until } from './runtime-stage.ts'

/** What the team's files offer an agent, seen in what the real program asks its model, or does. */

const server = fileURLToPath(new URL('../fixtures/stdio-server.mjs', import.meta.url))
let stage: RuntimeStage | null = null
afterEach(async () => {
  await stage?.end()
  stage = null
})

const contains = (text: string) => (said: string) => (said.includes(text) ? [text] : null)
const tool = (name: string, args: Record<string, unknown>): Step => ({ do: 'tool', tool: name, args, text: '', delay: 0 })
const say = (text: string): Step => ({ do: 'text', text, delay: 0 })
const rules: Rule[] = [
  { when: contains('use BREW'), from: null, steps: [tool('Skill', { skill: 'team:brew' }), say('brewed')] },
  { when: contains('use TASTER'), from: null, steps: [tool('Agent', { description: 'tastes', prompt: 'taste it', subagent_type: 'team:taster' }), say('tasted')] },
]

function offered(folder: string): Partial<Agent> {
  const skill = join(folder, 'brew')
  mkdirSync(skill)
  writeFileSync(join(skill, 'SKILL.md'), '---\nname: brew\ndescription: How to brew the ZEBRA way\n---\nBoil water.\n')
  const taster = join(folder, 'taster.md')
  writeFileSync(taster, '---\nname: taster\ndescription: Tastes the LLAMA way\ntools: Read\n---\nYou taste all alone.\n')
  return { skills: [skill], subagents: [taster] }
}

it('the words of the index are those of the abilities', async () => {
  for (const name of runtimeNames.ready) {
    const made = await Promise.all((runtimeNames.modes[name] ?? ['terminal']).map((mode) => loadRuntime(name, null, mode)))
    const settings = new Set(made.flatMap(({ abilities }) => abilities.settings))
    expect({ name, settings: [...settings].toSorted(), gate: made.every(({ abilities }) => abilities.gate) }).toEqual({ name, settings: runtimeNames.uses[name]?.toSorted(), gate: runtimeNames.gated.includes(name) })
  }
  const descriptor = { name: 'own', binary: 'own', args: [], supportsMcp: true, protocol: null, sessionResume: null, defaultModel: null, env: {}, ready: null, busy: null, idle: null, rateLimitPatterns: [] }
  expect(generic(descriptor).abilities.settings).toEqual([])
})

withClaude((env) => {
  it('skills and subagents are told to who gets mail only, listed to who is typed to, and work', async () => {
    const on = (stage = await RuntimeStage.make(claude(), { env, rules }))
    Object.assign(on.agent, offered(on.folder))
    const run = await on.start()
    await run.signal('idle')
    const asked = (...words: string[]) => until(`a request with ${words.join(', ')}`, () => on.asked.find((body) => words.every((word) => body.includes(word))))
    await run.session.deliver('push', on.parcel('operator', 'use BREW'))
    await asked('use BREW', 'Skills you have, for the tool Skill:\\n- team:brew: How to brew the ZEBRA way', '- team:taster: Tastes the LLAMA way')
    await asked('use BREW', 'Boil water.')
    await run.session.deliver('push', on.parcel('operator', 'use TASTER'))
    await asked('You taste all alone.')
    await until('it is idle', async () => (await run.screen()).includes('tasted'))
    await run.type({ paste: 'what is there?' }, { keys: ['Enter'] })
    await asked('what is there?', 'available for use with the Skill tool:\\n\\n- team:brew')
  }, 120_000)

  it('effort and ultracode reach the request; MCP servers run, with variables filled in; hooks run their command', async () => {
    const on = (stage = await RuntimeStage.make(claude(), { env, rules }))
    Object.assign(on.agent, {
      effort: 'low',
      ultracode: true,
      mcps: { office: { command: process.execPath, args: [server], env: { TOOL_NAME: 'look_at_${TROUPE_AGENT}_${NONE:-all}' } } },
      hooks: [{ event: 'UserPromptSubmit', matcher: null, command: `touch ${join(on.folder, 'prompted')}` }],
    } satisfies Partial<Agent>)
    const run = await on.start()
    await run.signal('idle')
    await run.session.deliver('push', on.parcel('operator', 'hello'))
    const text = await until('the model is asked', () => on.asked.find((body) => body.includes('hello')))
    expect((JSON.parse(text) as { output_config?: { effort?: string } }).output_config?.effort).toBe('low')
    expect(text.includes('Ultracode is on')).toBe(true)
    // Claude goes on without a server that is still starting, and offers its tools from a later request on.
    let turn = 0
    await expect
      .poll(
        async () => {
          const words = `look ${(turn += 1)}`
          await run.session.deliver('push', on.parcel('operator', words))
          await until('the model is asked again', () => on.asked.some((body) => body.includes(words)))
          return on.asked.some((body) => body.includes('mcp__office__look_at_office_alice_all'))
        },
        { timeout: 90_000, interval: 500 },
      )
      .toBe(true)
    await until('the hook ran', () => existsSync(join(on.folder, 'prompted')))
  }, 300_000)

  it('nothing stays of an offer that the files no longer make', async () => {
    const on = (stage = await RuntimeStage.make(claude(), { env, rules: [] }))
    Object.assign(on.agent, offered(on.folder))
    const health = await claude().health(on.host)
    const manifest = join(on.agentFolder, 'claude/plugin/.claude-plugin/plugin.json')
    const first = await claude().launch(on.context(health, null))
    expect([first.spec.argv.includes('--plugin-dir'), JSON.parse(readFileSync(manifest, 'utf8'))]).toEqual([true, expect.objectContaining({ name: 'team' })])
    Object.assign(on.agent, { skills: [], subagents: [] })
    const second = await claude().launch(on.context(health, null))
    expect([second.spec.argv.includes('--plugin-dir'), existsSync(manifest)]).toEqual([false, false])
    symlinkSync('/nowhere', join(on.agentFolder, 'claude/plugin'))
    Object.assign(on.agent, { skills: [join(on.folder, 'brew')] })
    await claude().launch(on.context(health, null))
    expect(existsSync(manifest)).toBe(true)
  })
})
