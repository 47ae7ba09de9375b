import { GrammyError, HttpError } from 'grammy/web'
import { TroupeError } from '../../core/error.ts'

/** Where the platform does not say how long to wait, seconds. */
const usualWait = 5

/**
 * What the platform or the way to it said, in our words. What grammy throws is left behind: it holds addresses, and an
 * address holds the token.
 */
export function explain(error: unknown, what: string): TroupeError {
  if (error instanceof TroupeError) return error
  if (error instanceof GrammyError) return refused(error, what)
  const code = error instanceof HttpError ? codeOf(error.error) : codeOf(error)
  return new TroupeError('unavailable', `Telegram cannot be reached (${what}${code === null ? '' : `: ${code}`})`, {
    hint: 'look at the network; it is tried again',
    facts: code === null ? {} : { code },
  })
}

function refused({ error_code: code, description, parameters }: GrammyError, what: string): TroupeError {
  const said = `Telegram refused ${what}: ${description} (${code})`
  const facts = { code, description }
  if (code === 429) {
    const retryAfterMs = (parameters.retry_after ?? usualWait) * 1000
    return new TroupeError('throttled', `Telegram wants ${retryAfterMs / 1000} s of silence`, { hint: 'wait; it is tried again', facts: { ...facts, retryAfterMs } })
  }
  if (code >= 500) return new TroupeError('unavailable', said, { hint: 'wait; it is tried again', facts })
  if (code === 401 || (code === 404 && description === 'Not Found')) {
    return new TroupeError('unauthorised', 'Telegram does not know this bot token', { hint: 'ask @BotFather for a new one, put it into .env, then troupe up', facts })
  }
  if (code === 409) {
    const webhook = /webhook/i.test(description)
    return new TroupeError('conflict', webhook ? 'a webhook is set for this bot, so that nothing can be asked for' : 'another program asks for this bot’s messages', {
      hint: webhook ? 'remove it: deleteWebhook of the Bot API' : 'end the other one (a second team, or an older bot), or give each its own bot',
      facts,
    })
  }
  if (code === 403) return new TroupeError('denied', said, { hint: 'the person has to open the chat with the bot and press Start', facts })
  const moved = parameters.migrate_to_chat_id
  if (moved !== undefined) return new TroupeError('failed', `${said}; its id is ${moved} now: put that into the list of chats, then troupe up`, { facts })
  return new TroupeError('failed', said, { facts })
}

/** Only the name of the fault: its message may hold an address. */
function codeOf(error: unknown): string | null {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = (at as NodeJS.ErrnoException).code
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code)) return code
  }
  return null
}
