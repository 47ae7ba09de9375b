import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compose, dev, known, loud, p, project, said, teamRoot } from '../../test/fixtures/config-samples.ts'
import { load } from './load.ts'

describe('a team without faults', () => {
  test('has nothing to say, and every default filled in', () => {
    const root = teamRoot()
    const { team, diagnostics, counts } = load(root, known)
    expect(loud(diagnostics)).toEqual([])
    expect(counts).toEqual({ projects: 1, agents: 2 })
    expect(team).toMatchObject({
      root,
      broker: { type: 'sqlite', path: join(root, 'state/mailbox.db') },
      supervisor: { type: 'tmux', tmuxPrefix: 'a-', drainTimeoutMs: 10_000, tmuxServer: 'own' },
      limits: { messageBytes: 262_144, logBytes: 10_485_760, logFiles: 5, requestsPerSecond: 100, requestsAtOnce: 64, waitsAtOnce: 8, inboxMessages: 10_000 },
      loopGuard: { enabled: true, hops: 8, sendsPerChain: 64, sendsPerMinute: 20 },
      rateLimits: { fallbackWaitMs: 1_800_000 },
      budget: { messageTtlMs: 259_200_000, dailyUsdLimit: null },
      rehearsal: null,
    })
    expect(team?.projects[0]?.agents[1]).toMatchObject({
      address: 'p:dev',
      role: 'worker',
      runtime: 'alpha',
      permissionMode: 'auto',
      restart: 'always',
      cwd: root,
      canDm: ['p:lead'],
      canBroadcast: ['all'],
      reportsTo: 'p:lead',
      onRateLimit: null,
    })
  })

  test('may leave values empty, and an agent too', () => {
    const root = teamRoot({
      'team-compose.yaml': `${compose}broker:\nsupervisor:\n  tmux_prefix:\nbudget:\nhitl:\n`,
      'projects/p.yaml': 'version: 2\nproject: { id: p, name: P, cwd: . }\nchannels:\nmanagers:\n  only:\nworkers:\n',
    })
    const { team, diagnostics } = load(root, known)
    expect(loud(diagnostics)).toEqual([])
    expect(team?.projects[0]?.agents).toMatchObject([{ id: 'only', role: 'manager', runtime: 'alpha' }])
  })

  test.each(['2', '"2.0.0"', '"2.0.17"'])('may be of version %s', (version) => {
    expect(said({ 'team-compose.yaml': compose.replace('2', version) })).toEqual([])
  })

  test('reads the stars as everybody, and joins lists', () => {
    const { team } = load(
      teamRoot({ 'roles/a.md': 'a', 'roles/b.md': 'b', ...dev('role_prompt: [roles/a.md, roles/b.md]') }),
      known,
    )
    expect(team?.projects[0]?.agents[1]?.rolePrompt.map((file) => file.slice(-4))).toEqual(['a.md', 'b.md'])
    const stars = project.replace('can_dm: [dev], can_broadcast: [all]', 'can_dm: ["*"], can_broadcast: ["*"]')
    expect(load(teamRoot(p(stars)), known).team?.projects[0]?.agents[0]).toMatchObject({
      canDm: ['p:dev'],
      canBroadcast: ['all'],
    })
  })

  test('takes a described runtime with the patterns of older files', () => {
    const files = {
      ...dev('runtime: own'),
      'runtimes/own.yaml': "binary: own\nrate_limit_patterns:\n  - match: '(?i)resets (?P<at>\\d+)'\n    resets_at_capture: at\n",
    }
    const { team, diagnostics } = load(teamRoot(files), known)
    expect(loud(diagnostics)).toEqual([])
    const pattern = team?.projects[0]?.agents[1]?.descriptor?.rateLimitPatterns[0]?.match ?? ''
    expect(new RegExp(pattern).exec('RESETS 17')?.groups?.at).toBe('17')
  })
})

describe('all errors at once', () => {
  test('of several files, parts and kinds', () => {
    const lines = said({
      'team-compose.yaml':
        'broker: { type: mysql }\nsupervisor: { drain_timeout_secs: 999 }\nlimits: { log_files: many }\n' +
        'projects:\n  - file: projects/p.yaml\n  - file: projects/no.yaml\n  - { }\n',
      'projects/p.yaml': project
        .replace('name: P, ', '')
        .replace('[dev]', '[nobody]')
        .replace('reports_to: lead', 'reports_to: nobody, effort: 3, restart: no, runtime: none, can_dms: []'),
    })
    expect(lines.map((line) => line.replace(/ \[.*$/, '').replace(/^(\w+) (\S+?):[\d:]+ /, '$1 $2 '))).toEqual([
      'error projects/p.yaml `project.name` is missing',
      'error projects/p.yaml `can_dm` of `lead` names `nobody`, which is no agent of project `p`',
      'error projects/p.yaml `dev` reports to `nobody`, which is no manager of project `p`',
      expect.stringMatching(/^error projects\/p.yaml `workers.dev.effort` is 3/),
      expect.stringMatching(/^error projects\/p.yaml `workers.dev.restart` is "no"/),
      expect.stringMatching(/^error projects\/p.yaml the runtime `none` is neither/),
      'error team-compose.yaml `version` is missing',
      expect.stringMatching(/^error team-compose.yaml `broker.type` is "mysql"/),
      expect.stringMatching(/^error team-compose.yaml `drain_timeout_secs` is 999/),
      expect.stringMatching(/^error team-compose.yaml `limits.log_files` must be a number/),
      expect.stringMatching(/^error team-compose.yaml the file .*no.yaml does not exist/),
      'error team-compose.yaml `projects[2].file` is missing',
      'warning projects/p.yaml nothing reads the key `can_dms`',
    ])
  })

  test('a root without a team', () => {
    const { team, diagnostics } = load('/nonexistent-folder', known)
    expect(team).toBeNull()
    expect(diagnostics).toMatchObject([
      {
        severity: 'error',
        file: '/nonexistent-folder/team-compose.yaml',
        line: 1,
        column: 1,
        message: 'the file does not exist',
      },
    ])
  })
})
