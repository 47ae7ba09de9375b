import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { LaunchContext } from '../../core/runtime.ts'
import { opencodeProvider, opencodeWay } from '../ways.ts'
import type { OpencodeFiles } from './files.ts'
import { permissions, teamServer } from './permissions.ts'

/** Our own agent of OpenCode's: what the person's files say of `build` or `plan` does not change its permissions. */
export const ownAgent = 'troupe'
const rehearsalProvider = 'troupe'

/** A call that waits for a person is denied this long before OpenCode would give up on it. ms */
const graceMs = 60_000

/** `provider/model` as OpenCode is told; null: its own choice. In rehearsal always the scripted one. */
export function modelOf({ agent, rehearsal }: Pick<LaunchContext, 'agent' | 'rehearsal'>): string | null {
  if (!rehearsal) return agent.model
  const name = agent.model === null ? 'scripted-1' : agent.model.slice(agent.model.indexOf('/') + 1)
  return `${rehearsalProvider}/${name}`
}

/**
 * Content of OPENCODE_CONFIG_CONTENT, which is merged over everything the person has. Holds no secret of troupe's: the
 * bearer is taken from the environment.
 */
export function config(context: LaunchContext, files: OpencodeFiles, cwd: string): Record<string, unknown> {
  const { agent, team } = context
  const rules = permissions(agent.permissionMode, team.hitl)
  const model = modelOf(context)
  return {
    autoupdate: false,
    share: 'disabled',
    ...(model === null ? {} : { model }),
    ...(context.rehearsal ? scripted(context, model!) : {}),
    ...(context.proxied ? throughTroupe(context) : {}),
    default_agent: ownAgent,
    agent: {
      [ownAgent]: { mode: 'primary', description: 'A member of the team', permission: rules, ...(model === null ? {} : { model }), ...(agent.effort === null ? {} : { variant: agent.effort }) },
    },
    permission: rules,
    instructions: [files.briefing, ...ownInstructions(cwd)],
    mcp: { ...Object.fromEntries(Object.entries(agent.mcps).map(([name, server]) => [name, local(server)])), [teamServer]: teamTool(context) },
    ...(agent.skills.length === 0 ? {} : { skills: { paths: agent.skills } }),
    plugin: [pathToFileURL(files.gate).href],
  }
}

function teamTool(context: LaunchContext): Record<string, unknown> {
  return {
    type: 'remote',
    url: `${context.url}/mcp`,
    headers: { Authorization: 'Bearer {env:TROUPE_AGENT_TOKEN}' },
    oauth: false,
    enabled: true,
    timeout: Math.max(600_000, context.team.hitl.holdMs + graceMs),
  }
}

function local({ command, args, env }: LaunchContext['agent']['mcps'][string]): Record<string, unknown> {
  return { type: 'local', command: [command, ...args], environment: env, enabled: true }
}

function scripted({ url, agent: { effort } }: LaunchContext, model: string): Record<string, unknown> {
  const options = { baseURL: `${url}/model/v1`, apiKey: '{env:TROUPE_AGENT_TOKEN}' }
  const name = model.slice(model.indexOf('/') + 1)
  const variants = effort === null ? {} : { variants: { [effort]: { reasoningEffort: effort } } }
  const models = { [name]: { name: 'Scripted', ...variants, reasoning: true, attachment: true, modalities: { input: ['text', 'image'], output: ['text'] }, limit: { context: 200_000, output: 32_000 } } }
  return {
    small_model: model,
    enabled_providers: [rehearsalProvider],
    provider: { [rehearsalProvider]: { npm: '@ai-sdk/openai-compatible', name: 'Rehearsal', options, models } },
  }
}

/** Its provider as it is, at troupe's door; and no other, that nothing goes past it. */
function throughTroupe({ url, agent }: LaunchContext): Record<string, unknown> {
  const name = opencodeProvider(agent.model)
  const version = opencodeWay(agent.model)?.version ?? ''
  if (name === null) return {}
  return { enabled_providers: [name], provider: { [name]: { options: { baseURL: `${url}/model${version}`, apiKey: '{env:TROUPE_AGENT_TOKEN}' } } } }
}

/** The folder's words for agents. They are text, and nothing of it runs; its settings stay out (see `lookInto`). */
function ownInstructions(cwd: string): string[] {
  const found: string[] = []
  for (let folder = cwd; ; folder = dirname(folder)) {
    const file = ['AGENTS.md', 'CLAUDE.md', 'CONTEXT.md'].map((name) => join(folder, name)).find((each) => existsSync(each))
    if (file !== undefined) found.push(file)
    if (existsSync(join(folder, '.git'))) return found
    if (folder === dirname(folder)) return found.filter((each) => dirname(each) === cwd)
  }
}
