/** The texts of the templates. */

export function composeText(project: string): string {
  return `# yaml-language-server: $schema=schema/team-compose.json
version: 2

broker:
  type: sqlite
  path: state/mailbox.db

supervisor:
  type: tmux
  tmux_prefix: a-

budget:
  daily_usd_limit: 20    # US dollars a day at list prices; at it every agent is stopped until the next day

projects:
  - file: projects/${project}.yaml
`
}

/** What both templates begin with. */
function headText(project: string, name: string): string {
  return `# yaml-language-server: $schema=../schema/project.json
version: 2

project:
  id: ${JSON.stringify(project)}
  name: ${JSON.stringify(name || project)}
  cwd: ..          # where the agents work: the folder that holds .team
`
}

/** Nobody yet, and how one is written. */
export function blankProjectText(project: string, name: string): string {
  return `${headText(project, name)}
channels: []       # - {name: all, members: "*"}

managers: {}       # lead: {can_dm: [dev]}
workers: {}        # dev: {reports_to: lead, can_dm: [lead]}
`
}

/** `runtime`: where it is not the usual one. */
export function projectText(project: string, name: string, runtime?: string): string {
  const on = runtime === undefined ? '' : `    runtime: ${runtime}\n`
  return `${headText(project, name)}
channels:
  - name: all
    members: "*"

managers:
  manager:
${on}    role_prompt: roles/manager.md
    permission_mode: auto
    can_dm: [dev]
    can_broadcast: [all]

workers:
  dev:
${on}    role_prompt: roles/dev.md
    permission_mode: auto
    reports_to: manager
    can_dm: [manager]
    can_broadcast: [all]
`
}

export const managerText = `# Manager

People write to you. Turn what they want into small, clear jobs and hand them to \`dev\` with \`dm\`: what to do,
where, and how you will know that it is done.

- When a message wakes you, read your inbox, act on it, and acknowledge it with \`inbox_ack\`.
- Check what \`dev\` reports before you pass it on.
- Say so when something cannot be done, and why.
`

export const devText = `# Developer

You do the work that \`manager\` gives you, one job at a time, the oldest first.

- Ask \`manager\` with one short \`dm\` when a job is unclear; do not guess.
- When a job is done, tell \`manager\` what changed, where, and how you checked it. Then acknowledge its message.
- Stay inside the working directory.
`

export const ignoreText = `state/
.env
`

export const exampleEnvText = `# Copy to .env. An agent gets a variable from here only if its \`env:\` list names it.
# API_TOKEN=
`

export function readmeText(name: string): string {
  return `# ${name || 'The team'}

    troupe validate    check these files
    troupe up          bring the team up
    troupe ps          who does what
    troupe send manager "what you want"
    troupe down        end it

\`team-compose.yaml\` names the projects, \`projects/\` the agents, \`roles/\` says what each one is for.
\`state/\` is the team's memory and is not for git.
`
}
