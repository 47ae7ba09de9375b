import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compose, dev, known, loud, p, project, said, teamRoot, top } from '../../test/fixtures/config-samples.ts'
import { load } from './load.ts'

describe('each fault is told at its place', () => {
  const cases: [string, Record<string, string | Uint8Array>, string | RegExp][] = [
    [
      'a missing project file',
      { 'team-compose.yaml': compose.replace('p.yaml', 'q.yaml') },
      /^error team-compose.yaml:3:11 the file ROOT\/projects\/q.yaml does not exist/,
    ],
    [
      'bytes that are no text',
      { 'projects/p.yaml': new Uint8Array([0xff, 0xfe, 0x00]) },
      /team-compose.yaml:3:11 .*is not UTF-8 text/,
    ],
    ['broken YAML', p('version: 2\nproject: { id: p\nchannels: []\n'), /^error projects\/p.yaml:\d+:\d+ not valid YAML/],
    ['a tab', p('version: 2\nproject:\n\tid: p\n'), /^error projects\/p.yaml:3:1 a tab is used/],
    ['a double key', top('version: 2'), /^error team-compose.yaml:4:1 the key `version` is here a second time/],
    ['two documents', top('---\nversion: 2'), /more than one YAML document/],
    ['an alias to nowhere', dev('model: *nobody'), /^error projects\/p.yaml:8:\d+ no anchor `&nobody`/],
    ['an alias of itself', top('interfaces: &x [*x]'), /^error team-compose.yaml:4:\d+ this alias contains itself/],
    ['nesting without end', top(`name: ${'['.repeat(20_000)}`), /nested too deeply/],
    [
      'a missing version',
      { 'team-compose.yaml': compose.replace('version: 2\n', '') },
      /^error team-compose.yaml:1:1 `version` is missing/,
    ],
    [
      'version in quotes',
      { 'team-compose.yaml': compose.replace('2', '"2"') },
      /^error team-compose.yaml:1:10 `version: "2"` is not a version string \[write `version: 2`/,
    ],
    [
      'another version',
      { 'team-compose.yaml': compose.replace('2', '3') },
      /^error team-compose.yaml:1:10 version 3 of the file format is not known/,
    ],
    [
      'a newer version',
      { 'team-compose.yaml': compose.replace('2', '"2.4.0"') },
      /^warning team-compose.yaml:1:10 version 2.4.0 is newer/,
    ],
    [
      'an unknown key',
      dev('can_dms: [lead]'),
      /^warning projects\/p.yaml:8:\d+ nothing reads the key `can_dms` \[did you mean can_dm\?/,
    ],
    [
      'an unknown key nobody meant',
      top('qqqqqqqqqqqq: 1'),
      /^warning team-compose.yaml:4:1 nothing reads the key `qqqqqqqqqqqq` \[the keys here are version, name/,
    ],
    ['a merge key', top('<<: { a: 1 }'), /merge keys are not supported/],
    ['a number for a text', dev('model: 4'), /`workers.dev.model` must be text, not 4 \[put it in quotes: "4"\]/],
    [
      'a text for a list',
      dev('env: TOKEN'),
      /`workers.dev.env` must be a list, not the text "TOKEN" \[write a list: \["TOKEN"\]\]/,
    ],
    ['a list of something else', dev('role_prompt: [1]'), /every entry of `workers.dev.role_prompt` must be text, not 1/],
    [
      'an effort',
      dev('effort: hihg'),
      /`workers.dev.effort` is "hihg"; it must be one of low, medium, high, xhigh, max \[did you mean high\?\]/,
    ],
    ['a restart mode', dev('restart: sometimes'), /must be one of always, on-failure, never/],
    [
      'a project id',
      p(project.replace('id: p', 'id: "p/q"')),
      /^error projects\/p.yaml:2:12 the project id `p\/q` holds characters/,
    ],
    ['an empty project id', p(project.replace('id: p', 'id: ""')), /the project id is empty/],
    ['no project id', p(project.replace('id: p,', 'id: ,')), /`project.id` is missing \[the key is there without a value\]/],
    ['a reserved project id', p(project.replace('id: p', 'id: user')), /the project id `user` is reserved/],
    ['an agent id', p(project.replaceAll('dev', '"d v"')), /^error projects\/p.yaml:8:3 the agent id `d v` holds characters/],
    ['a long agent id', p(project.replaceAll('dev', 'd'.repeat(101))), /has 101 characters/],
    ['the same project twice', top('  - file: projects/p.yaml'), /the project file is named twice/],
    [
      'the same project id twice',
      { ...top('  - file: projects/q.yaml'), 'projects/q.yaml': project },
      /^error projects\/q.yaml:2:16 the project id `p` is taken already \[by ROOT\/projects\/p.yaml/,
    ],
    [
      'a manager that is a worker',
      p(project.replace('dev:', 'lead:').replace('[dev]', '[lead]')),
      /^error projects\/p.yaml:8:3 `lead` is a manager and a worker/,
    ],
    [
      'an unknown member',
      p(project.replace('"*"', '[dve]')),
      /^error projects\/p.yaml:4:28 channel `all` has the member `dve`.*\[did you mean dev\?\]/,
    ],
    [
      'members as a word',
      p(project.replace('"*"', 'dev')),
      /the members of channel `all` must be "\*" or a list \[write \["dev"\]\]/,
    ],
    [
      'a channel twice',
      p(project.replace('managers:', '  - { name: all }\nmanagers:')),
      /^error projects\/p.yaml:5:13 the channel `all` is here a second time/,
    ],
    [
      'a channel name',
      p(project.replace('name: all', 'name: "a b"').replaceAll('[all]', '["a b"]')),
      /the channel name `a b` holds characters/,
    ],
    [
      'an unknown recipient',
      p(project.replace('[dev]', '[dve]')),
      /^error projects\/p.yaml:6:20 `can_dm` of `lead` names `dve`.*\[did you mean dev\?\]/,
    ],
    ['a recipient elsewhere', p(project.replace('[dev]', '["q:dev"]')), /names `q:dev` of another project \[only a bridge/],
    ['itself as a recipient', p(project.replace('[dev]', '[dev, lead]')), /^warning .*`lead` may write to itself/],
    [
      'an unknown channel',
      p(project.replace('[all], reports', '[al], reports')),
      /`can_broadcast` of `dev` names `al`.*\[did you mean all\?\]/,
    ],
    [
      'a channel it is not in',
      p(project.replace('"*"', '[lead]')),
      /^warning projects\/p.yaml:8:42 `dev` may broadcast on `all` but is not a member/,
    ],
    [
      'silence',
      p(project.replace('can_dm: [lead], can_broadcast: [all], ', '')),
      /^warning projects\/p.yaml:8:3 `p:dev` may write to nobody \(`can_dm` is empty\) and broadcast nowhere/,
    ],
    [
      'a boss who is a worker',
      p(project.replace('{ can_dm: [dev]', '{ reports_to: dev, can_dm: [dev]')),
      /`lead` reports to `dev`, which is a worker/,
    ],
    [
      'an unknown boss',
      p(project.replace('reports_to: lead', 'reports_to: laed')),
      /`dev` reports to `laed`, which is no manager.*\[did you mean lead\?\]/,
    ],
    ['its own boss', p(project.replace('{ can_dm: [dev]', '{ reports_to: lead, can_dm: [dev]')), /`lead` reports to itself/],
    [
      'an unknown runtime',
      dev('runtime: alhpa'),
      /the runtime `alhpa` is neither built in nor described.*\[did you mean alpha\?\]/,
    ],
    ['a planned runtime', dev('runtime: later'), /^warning .*the runtime `later` is known but not used yet/],
    [
      'a bad pattern',
      { 'runtimes/own.yaml': "binary: x\nready: '('\n" },
      /^error runtimes\/own.yaml:2:8 this is not a regular expression: Unterminated group/,
    ],
    [
      'a descriptor without a program',
      { 'runtimes/own.yaml': 'args: []\n' },
      /^error runtimes\/own.yaml:1:1 `binary` is missing/,
    ],
    [
      'a missing role',
      dev('role_prompt: roles/no.md'),
      /the role prompt `roles\/no.md` does not exist \[create ROOT\/roles\/no.md/,
    ],
    ['a role that is a folder', dev('role_prompt: projects'), /the role prompt `projects` is not a file/],
    ['a blank role', dev('role_prompt: ""'), /the role prompt is blank/],
    ['no roles in the list', dev('role_prompt: []'), /`role_prompt` is an empty list/],
    ['a blank display name', dev('display_name: " "'), /the display name is blank/],
    ['a long display name', dev(`display_name: ${'x'.repeat(65)}`), /the display name has 65 characters/],
    ['a permission mode', dev('permission_mode: atuo'), /the permission mode `atuo` is not known.*\[did you mean auto\?\]/],
    [
      'a permission mode of another program',
      dev('permission_mode: dontAsk'),
      /^info .*permission mode `dontAsk` is taken as `manual`/,
    ],
    ['an autonomy', dev('autonomy: total'), /the autonomy `total` is not known/],
    ['a model that is a flag', dev('model: "--help"'), /`--help` cannot be the name of a model/],
    ['the reserved MCP server', dev('mcps: { team: { command: x } }'), /the MCP server name `team` is troupe’s own/],
    ['an MCP server without a command', dev('mcps: { x: }'), /`workers.dev.mcps.x.command` is missing/],
    [
      'a chat for a worker',
      dev('interfaces: { telegram: { bot_token_env: A, chat_ids_env: B } }'),
      /`dev` has `interfaces.telegram` but is a worker/,
    ],
    [
      'half a chat',
      p(project.replace('{ can_dm: [dev]', '{ interfaces: { telegram: { bot_token_env: A } }, can_dm: [dev]')),
      /`managers.lead.interfaces.telegram.chat_ids_env` is missing/,
    ],
    ['a secret for a name', dev('env: ["sk-12345"]'), /this is not the name of an environment variable/],
    ['a variable of ours', dev('env: [TROUPE_AGENT_TOKEN]'), /`TROUPE_AGENT_TOKEN` is set by troupe itself/],
    ['an unknown hook', dev('on_rate_limit: [wiat]'), /there is no rate-limit hook `wiat` \[did you mean wait\?\]/],
    [
      'a hook twice',
      top('rate_limits: { hooks: [{ name: a, action: wait }, { name: a, action: wait }] }'),
      /the rate-limit hook `a` is here a second time/,
    ],
    ['a hook without target', top('rate_limits: { hooks: [{ name: a, action: send }] }'), /the hook `a` has no `to`/],
    ['a host that is none', top('rate_limits: { allow_private: [10.0.0.0/99] }'), /is no host, address or network/],
    ['a method that is none', top('rate_limits: { hooks: [{ name: a, action: webhook, url: "http://x", method: "GET /" }] }'), /is no HTTP method/],
    ['a hook without address', top('rate_limits: { hooks: [{ name: a, action: webhook }] }'), /the hook `a` has no `url`/],
    ['a hook without a program', top('rate_limits: { hooks: [{ name: a, action: run }] }'), /the hook `a` has no `command`/],
    [
      'a hook of another kind',
      top('rate_limits: { hooks: [{ name: a, action: jump }] }'),
      /must be one of wait, send, webhook, run/,
    ],
    ['a file address', top('rate_limits: { hooks: [{ name: a, action: webhook, url: "file:///x" }] }'), /must begin with http/],
    ['an unknown broker', top('broker: { type: mysql }'), /`broker.type` is "mysql"; it must be one of sqlite, postgres/],
    ['postgres without a variable', top('broker: { type: postgres }'), /the broker `postgres` has no `url_env`/],
    [
      'a URL for a variable',
      top('broker: { type: postgres, url_env: "postgres://u:pw@h/db" }'),
      /this is not the name of an environment variable/,
    ],
    ['an unknown supervisor', top('supervisor: { type: tmxu }'), /the supervisor `tmxu` is not known.*\[did you mean tmux\?\]/],
    ['a planned supervisor', top('supervisor: { type: systemd }'), /^warning .*`systemd` is known but not used yet/],
    [
      'a long drain',
      top('supervisor: { drain_timeout_secs: 601 }'),
      /^error team-compose.yaml:4:35 `drain_timeout_secs` is 601; it must lie in 0..600/,
    ],
    ['a tmux prefix', top('supervisor: { tmux_prefix: "a:#{x}" }'), /`tmux_prefix` holds characters/],
    ['a limit of nothing', top('limits: { log_files: 0 }'), /`limits.log_files` is 0; the smallest that makes sense is 1/],
    [
      'a window without its zone',
      top('hitl: { auto_approve_windows: [{ action: a, until: "2030-01-01 10:00" }] }'),
      /is not a moment in time/,
    ],
    ['a rule for nothing', top('hitl: { rules: [{ action: publish }] }'), /names neither a `command` nor a `tool`/],
    ['a rule that holds nothing', top('hitl: { rules: [{ action: trade, command: broker }] }'), /`trade` is not in `globally_sensitive_actions`/],
    ['a yes that nobody can give', top('hitl: { confirm: chat }'), /warning team-compose.yaml:4:\d+ the team has no chat, so that nothing can be approved/],
    ['a call held for ever', top('hitl: { hold: 4000 }'), /cannot be held for more than 3600 seconds/],
    ['a budget for nobody', top('budget: { per_project_usd_limit: { q: 1 } }'), /^warning .*there is no project `q`/],
    [
      'a negative budget',
      top('budget: { daily_usd_limit: -1 }'),
      /`budget.daily_usd_limit` is -1; the smallest that makes sense is 0/,
    ],
    ['a missing scenario', top('rehearsal: scenarios/no.yaml'), /the scenario `scenarios\/no.yaml` does not exist/],
    [
      'an interface nothing uses',
      top('interfaces: [{ type: email, name: m }]'),
      /^info .*nothing uses interfaces of type `email`/,
    ],
    ['a key that is not used yet', dev('protected: true'), /^info projects\/p.yaml:\d+:\d+ `protected` is not used yet/],
    ['a worktree of no repository', dev('worktree: true'), /^error projects\/p.yaml:\d+:\d+ ROOT lies in no git repository, so that `dev` can have no worktree of it/],
    ['worktrees for all of no repository', top('supervisor: { worktree_isolation: true }'), /^warning projects\/p.yaml:\d+:\d+ ROOT lies in no git repository: `lead` works in it as it is, without a worktree/],
    ['a worktree beside a folder that takes its place', dev('worktree: true, cwd_override: .'), /^error projects\/p.yaml:\d+:\d+ `cwd_override` names the folder to work in/],
    ['a limit of nothing', top('budget: { daily_usd_limit: 0 }'), /^error team-compose.yaml:4:\d+ a limit of 0 would stop every agent.*\[leave the key out for no limit/],
    ['a limit of nothing for a project', top('budget: { per_project_usd_limit: { p: 0 } }'), /^error team-compose.yaml:4:\d+ a limit of 0/],
    ['a limit of nothing for an agent', dev('budget: { run_usd_limit: 0 }'), /^error .*a limit of 0 would stop/],
    ['a limit that limits nothing', top('budget: { daily_usd_limit: 2000000 }'), /more than 1000000 US dollars limits nothing/],
    ['a time zone that is none', top('budget: { timezone: Mars/Base }'), /^error team-compose.yaml:4:\d+ `Mars\/Base` is no time zone/],
    [
      'a place to work that is no folder',
      p(project.replace('cwd: .', 'cwd: team-compose.yaml')),
      /the working directory `team-compose.yaml` is not a folder/,
    ],
    [
      'a place to work that is not there',
      p(project.replace('cwd: .', 'cwd: new')),
      /^warning .*does not exist: no agent can start in it \[mkdir -p ROOT\/new\]/,
    ],
    ['a team without projects', { 'team-compose.yaml': 'version: 2\n' }, /^warning .*the team has no projects/],
    ['a list where the file should be', p('- a\n'), /the file must be a block of keys, not a list/],
    ['nothing at all', { 'team-compose.yaml': '' }, /^error team-compose.yaml:1:1 `version` is missing/],
  ]

  test.each(cases)('%s', (_name, files, expected) => {
    expect(said(files)).toContainEqual(expect.stringMatching(expected))
  })

  test('two agents that would share a file or a terminal', () => {
    const dots = p(
      project.replace(
        'workers:',
        'workers:\n  a.b: { can_dm: [lead], can_broadcast: [all] }\n  a_b: { can_dm: [lead], can_broadcast: [all] }',
      ),
    )
    expect(said(dots)).toEqual([
      expect.stringMatching(/^error projects\/p.yaml:9:3 `p:a_b` and `p:a.b` come to the same terminal name `p-a_b`/),
    ])
    const other = 'version: 2\nproject: { id: p-x, name: X, cwd: . }\nmanagers: { y: }\n'
    const twice = {
      ...top('  - file: projects/x.yaml'),
      'projects/x.yaml': other,
      ...p(project.replace('workers:', 'workers:\n  x-y: { can_dm: [lead], can_broadcast: [all] }')),
    }
    expect(said(twice)).toEqual([expect.stringMatching(/`p-x:y` and `p:x-y` come to the same file and terminal name `p-x-y`/)])
  })

  test('what is missing is told once, not again for everything inside of it', () => {
    expect(said(p('version: 2\n'))).toEqual([expect.stringMatching(/`project` is missing/)])
    expect(said(p('just words\n'))).toEqual([expect.stringMatching(/the file must be a block of keys/)])
  })

  test('a link that leads out of the root', () => {
    const root = teamRoot({ 'roles/ok.md': 'x', ...dev('role_prompt: roles/out/role.md') })
    const outside = teamRoot({ 'role.md': 'secret' })
    mkdirSync(join(root, 'roles'), { recursive: true })
    symlinkSync(outside, join(root, 'roles/out'))
    const { diagnostics } = load(root, known)
    expect(loud(diagnostics)).toMatchObject([
      { severity: 'error', message: expect.stringMatching(/is a link that leads out of the team root/) },
    ])
  })
})
