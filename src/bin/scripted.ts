import { mkdirSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Agent } from './scripted/agent.ts'
import { Conversation } from './scripted/conversation.ts'
import { Inbox, type Given } from './scripted/inbox.ts'
import { leaveFrom, type Mode } from './scripted/leave.ts'
import { model } from './scripted/model.ts'
import { sleep } from './scripted/post.ts'
import { Reports } from './scripted/reports.ts'
import { openScreen } from './scripted/screen.ts'
import { teamTools, type InboxMessage, type TeamTools } from './scripted/team.ts'
import type { Typed } from './scripted/typing.ts'

/**
 * `scripted --folder DIR --session ID [--system FILE] [--task FILE] [--mode MODE] [--model NAME] [--model-url URL] [--quiet]`: an agent
 * CLI whose model is a scenario, or at --model-url. Environment: TROUPE_MCP_URL, TROUPE_URL (`/hook` under it),
 * TROUPE_AGENT_TOKEN, and TROUPE_MODEL_URL; with --task it does what the file says and leaves; without a model, or with --quiet, it acknowledges its mail and does nothing else.
 * Exit codes: 0 after /exit or C-d, 143 after SIGTERM, what the script says otherwise; 2 for a wrong call.
 */
function main(): void {
  const { folder, session, system, task, modelName, modelUrl, mode, quiet } = readArguments()
  const token = variable('TROUPE_AGENT_TOKEN')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const over = new AbortController()
  const conversation = new Conversation(folder, session)
  const inbox = new Inbox()
  const team = teamTools(variable('TROUPE_MCP_URL'), token)
  const screen = openScreen((typed) => onTyped(typed))
  const hooks = `${variable('TROUPE_URL')}/hook`
  const reports = new Reports(hooks, token, conversation, screen.print, over.signal)
  const leave = async (code: number): Promise<never> => {
    await reports.settled(500)
    screen.restore()
    process.exit(code)
  }
  const agent = new Agent({
    conversation,
    inbox,
    team,
    reports,
    askLeave: leaveFrom(hooks, token, mode),
    model: quiet || modelUrl === undefined ? null : model(modelUrl, token, modelName),
    system: system === undefined ? '' : readFileSync(system, 'utf8'),
    once: task !== undefined,
    print: screen.print,
    leave,
    signal: over.signal,
  })

  function onTyped(typed: Exclude<Typed, { key: 'echo' }>): void {
    if (typed.key === 'end' || (typed.key === 'line' && typed.text.trim() === '/exit')) return void leave(0)
    if (typed.key === 'line') return typed.text.trim() === '' || isBeginning(typed.text) ? undefined : inbox.add(asGiven(typed.text))
    if (!agent.interrupt()) screen.print('Nothing runs. /exit or C-d ends the agent.')
  }

  process.on('SIGINT', () => onTyped({ key: 'interrupt' }))
  process.on('SIGTERM', () => {
    screen.restore()
    process.exit(143)
  })
  screen.print(`scripted agent ${process.env['TROUPE_AGENT'] ?? ''}, conversation ${session}${conversation.resumed ? ' (resumed)' : ''}`)
  if (task !== undefined) inbox.add({ text: taskText(readFileSync(task, 'utf8'), conversation), mails: [], typed: false })
  void Promise.race([agent.run(), follow(team, inbox, reports, screen.print, over.signal)]).catch((error: unknown) => {
    screen.restore()
    console.error(error)
    process.exit(1)
  })
}

/** A run that was cut off goes on; a task is not begun twice in one conversation. */
function taskText(task: string, { messages }: Conversation): string {
  const known = messages.some(({ role, content }) => role === 'user' && content.some((block) => block.type === 'text' && block.text === task))
  return known ? 'Go on where you were cut off.' : task
}

/** A line, or a message of the team that was pasted. */
function asGiven(text: string): Given {
  const mail = /^\[mail #(\d+) · /.exec(text)
  return { text, mails: mail === null ? [] : [Number(mail[1])], typed: true }
}

/** Of mail too long to be pasted: nothing is done with half a message, all of it comes by the poll. */
function isBeginning(text: string): boolean {
  return /^\[mail #\d+ · /.test(text) && /\nThis is the beginning of \d+ bytes\. Fetch all of it: [^\n]*$/.test(text.trimEnd())
}

/** Mail comes in by a long poll that is not repeated before its mail has entered the conversation. */
async function follow(team: TeamTools, inbox: Inbox, reports: Reports, print: (text: string) => void, signal: AbortSignal): Promise<never> {
  const lost = (error: Error): void => {
    print(`The team cannot be reached (${error.message}); trying again.`)
    reports.resend()
  }
  for (;;) {
    const messages = await team.watch(signal, lost)
    const fresh = inbox.unseen(messages.map((each) => each.id))
    const unseen = messages.filter((each) => fresh.includes(each.id))
    for (const mail of unseen) print(`+ mail #${mail.id} from ${mail.sender}`)
    if (unseen.length > 0) inbox.add({ text: asText(unseen), mails: fresh, typed: false })
    else if (messages.length > 0) await sleep(200, signal) // pasted before; the daemon is about to know
    await inbox.until('none')
  }
}

/** As the tool gave it: the model reads JSON. */
function asText(messages: InboxMessage[]): string {
  return JSON.stringify({ messages })
}

interface Arguments {
  folder: string
  session: string
  system: string | undefined
  task: string | undefined
  modelName: string
  modelUrl: string | undefined
  mode: Mode
  quiet: boolean
}

function readArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      folder: { type: 'string' },
      session: { type: 'string' },
      system: { type: 'string' },
      task: { type: 'string' },
      model: { type: 'string', default: 'scripted-1' },
      'model-url': { type: 'string' },
      mode: { type: 'string', default: 'auto' },
      quiet: { type: 'boolean', default: false },
    },
  })
  const { folder, session, system, task, model: modelName, mode, quiet } = values
  if (folder === undefined || session === undefined || !/^[\w-]{1,64}$/.test(session)) refuse('--folder and --session ID (letters, digits, - and _) are needed')
  return { folder, session, system, task, modelName, modelUrl: values['model-url'] ?? process.env['TROUPE_MODEL_URL'], mode: mode as Mode, quiet }
}

function variable(name: string): string {
  return process.env[name] ?? refuse(`${name} is not set: this program is started by troupe`)
}

function refuse(why: string): never {
  console.error(`scripted: ${why}`)
  process.exit(2)
}

main()
