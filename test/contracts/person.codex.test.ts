import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { codex } from '../../src/runtimes/codex/index.ts'
import { run } from '../../src/util/spawn.ts'
import { withCodex } from './codex-program.ts'
import { longPatience, RuntimeStage } from './runtime-stage.ts'

withCodex((env) => {
  it('the real Codex takes what is carried over of a person’s own config, with its hook on, and asks their provider as they would', async () => {
    const asked: { headers: IncomingHttpHeaders; model: unknown; url: string | undefined }[] = []
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        if (request.method === 'POST') asked.push({ headers: request.headers, url: request.url, model: (JSON.parse(body) as { model: unknown }).model })
        response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":{"message":"no"}}')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const stage = await RuntimeStage.make(codex(null, 'oneshot'), { env, agent: { mode: 'oneshot', task: 'say hello' }, rules: [] })
    onTestFinished(async () => await stage.end())
    mkdirSync(join(stage.host.home, '.codex'))
    const theirs = `
model = "their-model"
model_reasoning_effort = "low"
model_reasoning_summary = "auto"
model_verbosity = "low"
model_context_window = 100000
model_auto_compact_token_limit = 90000
service_tier = "fast"
review_model = "their-model"
openai_base_url = "http://127.0.0.1:1/v1"
chatgpt_base_url = "http://127.0.0.1:1"
forced_login_method = "api"
model_provider = "acme"
[model_providers.acme]
name = "Acme"
base_url = "http://127.0.0.1:${(server.address() as AddressInfo).port}/v1"
wire_api = "responses"
experimental_bearer_token = "sk-of-the-person"
http_headers = { "X-Team" = "blue" }
env_http_headers = { "X-Env" = "ACME_TEAM" }
query_params = { version = "7" }
request_max_retries = 0
stream_max_retries = 0
stream_idle_timeout_ms = 5000
websocket_connect_timeout_ms = 5000
requires_openai_auth = false
supports_websockets = false
env_key_instructions = "ask somebody"
[model_providers.token]
name = "Token"
base_url = "http://127.0.0.1:1/v1"
[model_providers.token.auth]
command = "/bin/true"
args = []
timeout_ms = 1000
refresh_interval_ms = 1000
[features]
hooks = false
`
    writeFileSync(join(stage.host.home, '.codex', 'config.toml'), theirs)
    const runtime = codex(null, 'oneshot')
    const health = await runtime.health(stage.host)
    expect(health).toMatchObject({ problem: null, features: { authenticated: true }, notes: [expect.stringMatching(/agents have model = their-model.*; not features$/) as string] })
    const context = stage.context(health, null, { rehearsal: false })
    // Refuses where Codex would go on with defaults.
    const { spec, notices } = await runtime.launch({ ...context, env: { ...context.env, ACME_TEAM: 'red' } })
    expect(notices).toEqual(health.notes)
    await run([env['TROUPE_CODEX'] ?? '', 'exec', '--json', '--skip-git-repo-check', '-'], { env: spec.env, cwd: spec.cwd, input: 'hello', timeoutMs: 60_000 })
    expect(asked.at(-1)).toMatchObject({ model: 'their-model', url: '/v1/responses?version=7', headers: { authorization: 'Bearer sk-of-the-person', 'x-team': 'blue', 'x-env': 'red' } })
    // What is missing is named before anything starts.
    writeFileSync(join(stage.host.home, '.codex', 'config.toml'), 'model_provider = "acme"\n[model_providers.acme]\nenv_key = "ACME_KEY"\n')
    const without = await runtime.health(stage.host)
    expect(without).toMatchObject({ features: { authenticated: false }, notes: [expect.stringContaining('takes its key from ACME_KEY') as string, expect.stringContaining('model_provider = acme') as string] })
    expect((await runtime.health({ ...stage.host, env: { ...stage.host.env, ACME_KEY: 'k' } })).features['authenticated']).toBe(true)
  }, longPatience)
})
