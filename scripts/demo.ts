import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { processEnvironment } from '../src/config/environment.ts'
import { processesCarrying } from './demo/left-over.ts'
import { Stage } from './demo/stage.ts'

/**
 * Brings up examples/hello-team on the scripted model, on an installed agent CLI or else scripted agents, and shows
 * everything there is so far. `--once` ends after the round, exit code 0 if all of it happened. With `--real` the
 * set-up has fetched the pinned CLI and put it on PATH.
 */

interface Row { agent: string; phase: string; incarnation: string | null; restarts: number }
interface Approval { status: string }
interface Mail { n: number; from: string; to: string; text: string; state: string; proof: string | null }

const checkout = dirname(dirname(fileURLToPath(import.meta.url)))
const once = process.argv.includes('--once')

const folder = mkdtempSync(join(tmpdir(), 'troupe-demo-'))
cpSync(join(checkout, 'examples', 'hello-team'), folder, { recursive: true, filter: (file) => !file.endsWith('/state') })
const root = join(folder, '.team')
appendFileSync(join(root, 'team-compose.yaml'), '\nrehearsal: hello\n')
const stage = new Stage(join(checkout, 'bin', 'troupe'), root, processEnvironment(), process.stdout.isTTY)

process.on('SIGINT', () => void end().then(() => process.exit(130)))
try {
  await bringUp()
  await talk()
  await killAgent()
  await killDaemon()
  await decide()
  await work()
  if (!once) await linger()
} catch (error) {
  stage.fail(error instanceof Error ? error.message : String(error))
}
await end()
process.stdout.write(stage.failures.length === 0 ? '\nAll of it happened.\n' : `\nIt fell short:\n${stage.failures.map((each) => `  ${each}\n`).join('')}`)
process.exitCode = stage.failures.length === 0 ? 0 : 1

async function bringUp(): Promise<void> {
  stage.say('A team of two, from its YAML, on a scripted model: no account, no network.')
  await stage.show('validate')
  await stage.show('up')
  await stage.show('ps')
}

async function talk(): Promise<void> {
  stage.say('A word to the manager. It asks dev, dev does it and answers.')
  await stage.show('send', 'manager', 'Have the release notes written')
  await stage.until('both answered, and every message is acknowledged', 90, async () => {
    const mail = await stage.ask<Mail[]>('mail', '--all')
    return mail.length >= 3 && mail.every((each) => each.state.startsWith('acked'))
  })
  await stage.show('mail', '--all')
  stage.say('Where did it go, and what shows that it arrived?')
  await stage.show('explain', 'message', '1')
}

async function killAgent(): Promise<void> {
  stage.say('kill -9 of dev, with mail on its way: it comes back with its conversation and gets the mail.')
  const before = await agent('dev')
  const { pid } = await stage.ask<{ pid: number }>('inspect', 'dev')
  process.kill(pid, 'SIGKILL')
  await stage.show('send', 'dev', 'Are you still there?')
  await stage.until('dev is back by itself', 60, async () => {
    const now = await agent('dev')
    return now.incarnation !== null && now.incarnation !== before.incarnation && now.phase === 'idle'
  })
  await stage.until('and has its mail', 60, async () => {
    const mail = await stage.ask<Mail[]>('mail', '--all')
    return mail.find((each) => each.text === 'Are you still there?')?.state.startsWith('acked')
  })
  await stage.show('ps')
}

async function killDaemon(): Promise<void> {
  stage.say('kill -9 of the daemon: nobody is disturbed.')
  const before = await stage.ask<Row[]>('ps')
  const { pid } = await stage.ask<{ pid: number }>('daemon', 'status')
  process.kill(pid, 'SIGKILL')
  await stage.until('another daemon is there', 20, async () => (await stage.ask<{ pid: number }>('daemon', 'status')).pid !== pid)
  const after = await stage.ask<Row[]>('ps')
  stage.check('the same agents go on', after.every((row, index) => row.incarnation === before[index]?.incarnation))
  await stage.show('send', 'manager', 'One more thing: thank dev')
  await stage.until('and mail still goes both ways', 90, async () => {
    const mail = await stage.ask<Mail[]>('mail', '--all')
    return mail.length >= 7 && mail.every((each) => each.state.startsWith('acked'))
  })
}

async function decide(): Promise<void> {
  stage.say('What is published, a person decides. dev asks, and waits for the verdict.')
  await stage.show('send', 'dev', 'Publish the release notes')
  await stage.until('it is held', 60, async () => (await stage.ask<Approval[]>('approvals')).length === 1)
  await stage.show('approvals')
  await stage.show('approve', '1', '--note', 'well done')
  await stage.until('dev has the verdict, and goes on', 60, async () => {
    const [mail, [approval]] = [await stage.ask<Mail[]>('mail', '--all'), await stage.ask<Approval[]>('approvals', '--all')]
    return approval?.status === 'used' && mail.find((each) => each.text === 'Publish the release notes')?.state.startsWith('acked')
  })
  stage.say('What would it have cost, and what may the team cost a day?')
  await stage.show('budget')
}

async function work(): Promise<void> {
  stage.say('A checklist: each task gets a worker of its own, and is ticked when it is done.')
  const file = join(folder, 'TODO.md')
  writeFileSync(file, '- [ ] list what changed (name: changes)\n- [ ] write the notes from it (after: changes)\n')
  await stage.show('run', file, '--watch')
  process.stdout.write(readFileSync(file, 'utf8'))
  stage.check('both are ticked', !readFileSync(file, 'utf8').includes('[ ]'))
  await stage.show('clear')
}

async function linger(): Promise<void> {
  stage.say('The team is yours now. In another terminal:')
  const troupe = `${join(checkout, 'bin', 'troupe')} -C ${root}`
  process.stdout.write(`  ${troupe} ps\n  ${troupe} tui\n  ${troupe} attach manager\n  ${troupe} send manager "…"\n  ${troupe} tail -f\nCtrl-C ends it.\n`)
  await new Promise(() => setInterval(() => {}, 60_000))
}

async function end(): Promise<void> {
  stage.say('Down: nothing is left behind.')
  await stage.show('down')
  await stage.until('no process of it is left', 20, async () => (await processesCarrying(root)).length === 0)
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
}

async function agent(name: string): Promise<Row> {
  const row = (await stage.ask<Row[]>('ps')).find((each) => each.agent.endsWith(`:${name}`))
  if (row === undefined) throw new Error(`there is no agent ${name}`)
  return row
}
