import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { svg } from './picture/svg.ts'
import { checkout, Terminal, type Size } from './picture/terminal.ts'

/**
 * Records real sessions with examples/hello-team in a terminal: docs/session.svg, what the README shows, and docs/tui.svg.
 * With a name (`session`, `tui`) only that one.
 */

const pictures: Record<string, (name: string) => Promise<void>> = {
  session: async (name) =>
    await recorded(name, { columns: 104, rows: 46 }, 'hello', async (terminal) => {
      await terminal.command('troupe up')
      await terminal.command('troupe send manager "Have the release notes written"')
      await terminal.command('sleep 4; troupe mail --all')
      await terminal.command('troupe explain message 2')
      await terminal.command('kill -9 $(troupe inspect dev --json | jq .pid); sleep 9; troupe ps')
    }),
  tui: async (name) =>
    await recorded(name, { columns: 118, rows: 34 }, './release.yaml', async (terminal) => {
      writeFileSync(join(terminal.folder, '.team', 'release.yaml'), release)
      await terminal.command('troupe up')
      await terminal.command('troupe send manager "Release version 1.2, please"; clear')
      await terminal.type('troupe tui')
      await terminal.keys('Enter')
      await terminal.shows(/1 approval waits/)
      await terminal.keys('j', '@')
      await terminal.type('Are the release notes in it?')
      await terminal.shows(/To dev/)
    }),
}

const ack = '{tool: inbox_ack, args: {ids: "{ids}"}}'
const publish = '{tool: Bash, args: {command: "npm publish --tag latest", description: "Publish version 1.2"}}'
const release = `about: The manager has dev release, and dev is held before it publishes.
agents:
  manager:
    - from: user
      do: [{tool: dm, args: {to: dev, text: "{text}"}}, ${ack}, {text: "I have asked dev to release it."}]
  dev:
    - from: manager
      do: [${ack}, ${publish}, {text: "Released."}]
`

async function recorded(name: string, size: Size, scenario: string, act: (terminal: Terminal) => Promise<void>): Promise<void> {
  const terminal = new Terminal()
  try {
    await terminal.open(size, scenario)
    await act(terminal)
    writeFileSync(join(checkout, 'docs', `${name}.svg`), svg(await terminal.screen(), size.columns))
  } finally {
    await terminal.close()
  }
}

const [wanted] = process.argv.slice(2)
for (const [name, make] of Object.entries(pictures)) if (wanted === undefined || wanted === name) await make(name)
