import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeAtomic } from '../../util/atomic-write.ts'
import type { Block, Message } from './model.ts'
import type { Report } from './reports.ts'

interface Saved {
  messages: Message[]
  /** Numbers of the messages of the team that were taken in and not acknowledged. */
  open: number[]
  /** What the daemon has not been told yet. */
  unsent: Report[]
}

const passing = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'])

/** Beyond this many the oldest are left out at the start of a turn. */
const kept = 400

/** A conversation in a file, replaced whole after every step: a kill at any moment leaves one that can go on. */
export class Conversation {
  readonly id: string
  readonly #file: string
  readonly #saved: Saved

  constructor(folder: string, id: string) {
    this.id = id
    this.#file = join(folder, `conversation-${id}.json`)
    this.#saved = read(this.#file)
  }

  get messages(): Message[] {
    return this.#saved.messages
  }

  get open(): readonly number[] {
    return this.#saved.open
  }

  get unsent(): Report[] {
    return this.#saved.unsent
  }

  get resumed(): boolean {
    return this.#saved.messages.length > 0
  }

  /** Tool calls of the last answer that have no result: the run ended between the two. */
  get unanswered(): Extract<Block, { type: 'tool_use' }>[] {
    const last = this.#saved.messages.at(-1)
    return last?.role === 'assistant' ? last.content.filter((block) => block.type === 'tool_use') : []
  }

  add(message: Message, mails: readonly number[] = []): void {
    this.#saved.messages.push(message)
    this.#saved.open.push(...mails.filter((n) => !this.#saved.open.includes(n)))
    this.save()
  }

  acknowledged(numbers: readonly number[]): void {
    this.#saved.open = this.#saved.open.filter((n) => !numbers.includes(n))
    this.save()
  }

  /** Leaves out the oldest turns. What is kept begins with words of a user, as the API wants it. */
  shorten(): void {
    const { messages } = this.#saved
    if (messages.length <= kept) return
    const begin = messages.findIndex((each, index) => index >= messages.length - kept / 2 && isBeginning(each))
    if (begin > 0) this.#saved.messages = messages.slice(begin)
  }

  /** A disk that takes nothing ends no conversation: it goes on in memory, and the next step saves all of it. */
  save(): void {
    try {
      writeAtomic(this.#file, JSON.stringify(this.#saved))
    } catch (error) {
      if (!passing.has((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
}

function isBeginning(message: Message): boolean {
  return message.role === 'user' && message.content.every((block) => block.type === 'text')
}

function read(file: string): Saved {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Saved
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return { messages: [], open: [], unsent: [] }
  }
}
