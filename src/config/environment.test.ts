import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compose, known, project, teamRoot, temporaryFolder } from '../../test/fixtures/config-samples.ts'
import { systemClock } from '../core/clock.ts'
import { parseDotenv, readDotenv } from './dotenv.ts'
import { agentEnvironment, hostOf, isPassedOn, processEnvironment, teamEnvironment } from './environment.ts'
import { load } from './load.ts'
import { placeOf } from './places.ts'
import { teamVariables, type Naming } from './variables.ts'

const files = {
  'team-compose.yaml': `${compose}broker: { type: postgres, url_env: DB_URL }
interfaces: [{ type: email, name: m, config: { imap: { pass_env: MAIL_PASS, pass: "MAIL_PASS" }, user_env: MAIL_USER } }]
rate_limits: { hooks: [{ name: w, action: webhook, url_env: HOOK_URL }] }
`,
  'projects/p.yaml': project
    .replace('lead: {', 'lead: { interfaces: { telegram: { bot_token_env: BOT, chat_ids_env: CHATS } }, ')
    .replace('dev: {', 'dev: { runtime: beta, env: [API_KEY, DB_URL], '),
}

const runtimeVariables = (runtime: string) => (runtime === 'beta' ? ['BETA_KEY'] : [])

function loaded(dotenv: string) {
  const { team } = load(teamRoot({ ...files, '.env': dotenv }), known)
  if (team === null) throw new Error('the sample has errors')
  return team
}

test('the grammar of .env', () => {
  const text = '# no\n\n A = 1 \nexport B="two words"\nC=\'x=y\'\nD=\n=5\nnot a line\n2X=3\r\nE=$A # kept\n'
  expect(parseDotenv(text)).toEqual({ A: '1', B: 'two words', C: 'x=y', D: '', E: '$A # kept' })
})

test('the file in the root counts more than the one beside it; an unreadable one is named', () => {
  const outer = temporaryFolder()
  const root = join(outer, '.team')
  mkdirSync(root)
  writeFileSync(join(outer, '.env'), 'A=outer\nB=outer\n')
  writeFileSync(join(root, '.env'), 'A=inner\n')
  expect(readDotenv(root)).toEqual({
    values: { A: 'inner', B: 'outer' },
    origins: { A: join(root, '.env'), B: join(outer, '.env') },
    problems: [],
  })
  writeFileSync(join(root, '.env'), new Uint8Array([0xff]))
  expect(readDotenv(root)).toMatchObject({ values: { A: 'outer' }, problems: [`${join(root, '.env')} is not UTF-8 text`] })
})

describe('the environment', () => {
  test('every variable that the files name is known, with where', () => {
    const found = load(teamRoot(files), known)
    const where = (from: Naming[]) => from.map((each) => [each.what, ...Object.values(placeOf(found.team!.root, found.origins, each))].join(' '))
    expect(teamVariables(found.team!).map(({ name, from, required }) => [name, required, ...where(from)])).toMatchInlineSnapshot(`
      [
        [
          "DB_URL",
          true,
          "broker url_env team-compose.yaml 4",
          "p:dev env projects/p.yaml 8",
        ],
        [
          "HOOK_URL",
          true,
          "rate_limits hook w team-compose.yaml 6",
        ],
        [
          "MAIL_PASS",
          true,
          "interface m pass_env team-compose.yaml 5",
        ],
        [
          "MAIL_USER",
          true,
          "interface m user_env team-compose.yaml 5",
        ],
        [
          "BOT",
          true,
          "p:lead bot_token_env projects/p.yaml 6",
        ],
        [
          "CHATS",
          true,
          "p:lead chat_ids_env projects/p.yaml 6",
        ],
        [
          "API_KEY",
          true,
          "p:dev env projects/p.yaml 8",
        ],
      ]
    `)
  })

  test('of a team is the standard names, what runtimes read, and what the files name; .env never overrides', () => {
    const team = loaded('API_KEY=file\nBOT=file\nSTRAY=file\nPATH=/evil\nBETA_KEY=file\n')
    const env = {
      PATH: '/bin',
      LC_ALL: 'C',
      XDG_X: 'x',
      SECRET: 's',
      BETA_KEY: 'b',
      ALPHA_KEY: 'a',
      API_KEY: 'process',
      https_proxy: 'p',
    }
    const { values, missing, problems } = teamEnvironment(team, env, runtimeVariables)
    expect(values).toEqual({
      PATH: '/bin',
      LC_ALL: 'C',
      XDG_X: 'x',
      BETA_KEY: 'b',
      API_KEY: 'process',
      BOT: 'file',
      https_proxy: 'p',
    })
    expect(missing.map((variable) => variable.name)).toEqual(['DB_URL', 'HOOK_URL', 'MAIL_PASS', 'MAIL_USER', 'CHATS'])
    expect(problems).toEqual([])
    // What a worker that is still to be made will read is brought along, and nothing else.
    expect(teamEnvironment(team, env, (runtime) => (runtime === 'coming' ? ['ALPHA_KEY'] : runtimeVariables(runtime)), ['coming']).values).toEqual({ ...values, ALPHA_KEY: 'a' })
  })

  test('of an agent holds nobody else’s tokens', () => {
    const [lead, dev] = loaded('').projects[0]!.agents
    const values = { PATH: '/bin', BOT: 'b', API_KEY: 'k', BETA_KEY: 'y', DB_URL: 'd' }
    expect(agentEnvironment(lead!, values, runtimeVariables)).toEqual({ PATH: '/bin' })
    expect(agentEnvironment(dev!, values, runtimeVariables)).toEqual({ PATH: '/bin', API_KEY: 'k', BETA_KEY: 'y', DB_URL: 'd' })
  })

  test('passes names on by a list, not by luck', () => {
    expect(['HOME', 'LC_CTYPE', 'XDG_RUNTIME_DIR', 'SSH_AUTH_SOCK', 'NO_PROXY', 'NODE_EXTRA_CA_CERTS'].every(isPassedOn)).toBe(
      true,
    )
    expect(['TMUX', 'NODE_OPTIONS', 'LD_PRELOAD', 'AWS_SECRET_ACCESS_KEY', 'TROUPE_ROOT', ''].some(isPassedOn)).toBe(false)
  })

  test('of the machine', () => {
    expect(processEnvironment().PATH).toBe(process.env.PATH)
    expect(hostOf({ HOME: '/h' }, systemClock)).toMatchObject({ home: '/h', isRoot: process.geteuid?.() === 0 })
    expect(hostOf({ HOME: '' }, systemClock).home).toMatch(/^\//)
  })
})
