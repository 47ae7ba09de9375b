import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { TroupeError } from '../../core/error.ts'
import { scrubber } from '../../core/scrub.ts'
import { tarGz } from '../../util/tar.ts'
import type { Cli } from '../cli.ts'
import { settingOf } from '../doctor/setting.ts'
import type { Given } from '../given.ts'
import { contents } from '../support/contents.ts'
import { secretsOf } from '../support/secrets.ts'
import { count } from '../text.ts'

/** What the daemon takes in one call, characters; cut at line ends. */
const portion = 200_000

/** One archive, 0600. Starts no daemon: without one, what only it knows, and what agents printed, is left out. */
export async function bundle(cli: Cli, given: Given): Promise<void> {
  const { out } = cli
  const time = new Date().toISOString().replaceAll(/[-:]|\..*/g, '')
  const folder = `troupe-support-${time}`
  const file = resolve(cli.cwd, given.text('file') ?? `${folder}.tar.gz`)
  const { setting } = await settingOf(cli)
  const scrub = scrubber(secretsOf(cli.env, setting.paths, setting.team))
  const done = out.progress('gathering')
  try {
    const entries = []
    for (const { name, content } of await contents(cli, setting)) {
      entries.push({ name, content: setting.daemon === null ? scrub(content) : await scrubbedToo(cli, scrub(content)) })
    }
    const all = [{ name: 'README.txt', content: readme(setting.daemon !== null) }, ...entries]
    write(file, tarGz(all.map((each) => ({ ...each, name: `${folder}/${each.name}` })), Date.now()))
    out.show({ file, entries: all.map((each) => each.name) }, () => {
      out.line(file)
      out.say(`${count(all.length, 'file')}; known secrets were taken out. It may hold what agents printed: look into it before you give it away.`)
    })
  } finally {
    done()
  }
}

/** The daemon knows the values of the last `up`, which this shell may not have; they never leave it. */
async function scrubbedToo(cli: Cli, text: string): Promise<string> {
  let left = ''
  for (const piece of pieces(text)) left += (await cli.call('daemon.scrub', { text: piece })).text
  return left
}

function pieces(text: string): string[] {
  if (text.length <= portion) return [text]
  const end = text.lastIndexOf('\n', portion)
  const at = end <= 0 ? portion : end + 1
  return [text.slice(0, at), ...pieces(text.slice(at))]
}

function write(file: string, bytes: Buffer): void {
  try {
    writeFileSync(file, bytes, { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    const there = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    throw new TroupeError('usage', there ? `${file} is there already` : `${file} cannot be written: ${String(cause)}`, { hint: 'troupe support bundle NEW-FILE', cause })
  }
}

function readme(asked: boolean): string {
  return [
    'Made by "troupe support bundle".',
    'Taken out: values of variables that the team names, of .env and of the last "troupe up", troupe’s own tokens, and whatever looks like a token.',
    'In it: names and paths of the team, the journal (ids and hashes of messages, no bodies), and the last lines of the terminals of agents.',
    ...(asked ? [] : ['No daemon ran: states, journal and terminals are left out, since nobody knew which values of the last "troupe up" to take out.']),
    '',
  ].join('\n')
}
