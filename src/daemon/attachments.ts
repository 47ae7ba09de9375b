import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { mostAttachments, sniff, sniffedBytes, type Attachment, type KeptFile } from '../core/attachment.ts'
import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import type { Message, Sender } from '../core/message.ts'
import type { Team } from '../core/team.ts'
import type { Paths } from '../config/paths.ts'
import type { Store } from '../store/store.ts'
import { syncFolder } from '../util/atomic-write.ts'
import { Checks } from './attachment-checks.ts'

/** A file on this machine, or what a gateway brings: its name is somebody else's word. */
export type FileSource = { path: string; name?: string } | { name: string; content: AsyncIterable<Uint8Array> }

export interface AttachmentsParts {
  store: Store
  clock: Clock
  paths: Paths
  team(): Team
  /** A setting of team-compose.yaml with the line that sets it. */
  settingName(path: readonly string[]): string
  /** For the scanner. */
  environment(): Record<string, string>
}

/**
 * The files that messages carry: `state/attachments/<sha256>`, each content once. A file is kept before its message is
 * stored and held until then; one that no message names and nobody holds goes, at the latest with the next gc.
 */
export class Attachments {
  readonly #parts: AttachmentsParts
  readonly #checks: Checks
  /** Contents whose message is being stored, by hash. */
  readonly #held = new Map<string, number>()
  /** Of each look for contents that nobody names: those let go of meanwhile, whose message it may not have seen. */
  readonly #looks = new Set<Set<string>>()

  constructor(parts: AttachmentsParts) {
    this.#parts = parts
    this.#checks = new Checks(parts)
  }

  /** Keeps them, all or none, as the team's rules allow it, for as long as it takes to store their message. */
  async during<T>(sources: readonly FileSource[], from: Sender, storeMessage: (kept: KeptFile[]) => Promise<T>): Promise<T> {
    const kept = await this.#keep(sources, from)
    try {
      const done = await storeMessage(kept)
      this.#letGo(kept)
      return done
    } catch (error) {
      // Where nobody knows whether the message is there, only a later look tells: that of gc.
      const uncertain = error instanceof TroupeError && error.facts['uncertain'] === true
      if (uncertain) this.#letGo(kept)
      else await this.#release(kept)
      throw error
    }
  }

  async #keep(sources: readonly FileSource[], from: Sender): Promise<KeptFile[]> {
    if (sources.length > mostAttachments) {
      throw new TroupeError('too_large', `a message carries at most ${mostAttachments} files, not ${sources.length}`, { hint: 'send several messages, or an archive' })
    }
    const kept: KeptFile[] = []
    try {
      for (const source of sources) kept.push(await this.#checks.noted(from, nameOf(source), () => this.#keepOne(source, from)))
      return kept
    } catch (error) {
      await this.#release(kept)
      throw error
    }
  }

  async #release(kept: readonly KeptFile[]): Promise<void> {
    this.#letGo(kept)
    if (kept.length > 0) await this.removeUnnamed(kept.map(({ sha256 }) => sha256))
  }

  /** Removes the contents that no message names and nobody holds; says which. */
  async removeUnnamed(sha256: readonly string[]): Promise<string[]> {
    const meanwhile = new Set<string>()
    this.#looks.add(meanwhile)
    try {
      const named = await this.#parts.store.read((db) => db.attachments.named([...sha256]))
      // Nothing waits between this look at who holds it and the removal.
      const gone = sha256.filter((each) => !named.has(each) && !this.#held.has(each) && !meanwhile.has(each))
      for (const each of gone) rmSync(this.fileOf(each), { force: true })
      return gone
    } finally {
      this.#looks.delete(meanwhile)
    }
  }

  fileOf(sha256: string): string {
    return join(this.#parts.paths.attachments, sha256)
  }

  /** For whoever may see all of it: operators and gateways. Throws `unknown`, and `failed` where the copy is gone. */
  async open(n: number): Promise<{ attachment: Attachment; message: Message; file: string }> {
    const found = await this.#parts.store.read((db) => db.attachments.byN(n))
    if (found === undefined) throw unknownAttachment(n)
    const file = this.fileOf(found.attachment.sha256)
    if (statSync(file, { throwIfNoEntry: false })?.size === found.attachment.bytes) return { ...found, file }
    throw new TroupeError('failed', `the file of attachment ${n} is gone or was changed`, { hint: `look for ${file} in a backup`, facts: { id: n, file } })
  }

  async #keepOne(source: FileSource, from: Sender): Promise<KeptFile> {
    const { attachments: settings } = this.#parts.team()
    const opened = 'path' in source ? await this.#checks.open(source.path, from) : null
    const folder = this.#parts.paths.attachments
    // Somebody may have taken it away since the daemon began.
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const part = join(folder, `.part-${randomUUID()}`)
    try {
      const content = 'content' in source ? source.content : (opened?.file.createReadStream({ autoClose: false }) ?? [])
      const copied = await copy(content, part, (bytes) => this.#checks.size(bytes, settings))
      await this.#checks.room(copied.bytes, from, settings)
      await this.#checks.scan(part, settings)
      this.#place(part, copied)
      return { name: nameOf(source), ...copied }
    } finally {
      await opened?.file.close()
      rmSync(part, { force: true })
    }
  }

  /** In one go: the same content may come twice at once, or be on its way out. */
  #place(part: string, { sha256, bytes }: Omit<KeptFile, 'name'>): void {
    const file = this.fileOf(sha256)
    if (statSync(file, { throwIfNoEntry: false })?.size !== bytes) {
      renameSync(part, file)
      syncFolder(this.#parts.paths.attachments)
    }
    this.#held.set(sha256, (this.#held.get(sha256) ?? 0) + 1)
  }

  #letGo(kept: readonly KeptFile[]): void {
    for (const { sha256 } of kept) {
      const left = (this.#held.get(sha256) ?? 1) - 1
      if (left > 0) this.#held.set(sha256, left)
      else this.#held.delete(sha256)
      for (const look of this.#looks) look.add(sha256)
    }
  }
}

/** Told alike whether it is not there or not theirs: numbers are no way to learn what others get. */
export function unknownAttachment(n: number): TroupeError {
  return new TroupeError('unknown', `there is no attachment ${n} in your mail`, { hint: 'the message that carries one names its id', facts: { id: n } })
}

/** What file systems allow, without the way to it. */
function nameOf(source: FileSource): string {
  const given = 'path' in source ? (source.name ?? basename(source.path)) : source.name
  return given.toWellFormed().replaceAll(/[/\0]/g, '_').slice(0, 255) || 'file'
}

/** `check` throws as soon as there are too many bytes. On the disk when it resolves. */
async function copy(content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, target: string, check: (bytes: number) => void): Promise<Omit<KeptFile, 'name'>> {
  const file = await open(target, 'wx', 0o600)
  const hash = createHash('sha256')
  let [bytes, head] = [0, Buffer.alloc(0)]
  try {
    for await (const chunk of content) {
      check((bytes += chunk.length))
      if (head.length < sniffedBytes) head = Buffer.concat([head, chunk]).subarray(0, sniffedBytes)
      hash.update(chunk)
      await file.writeFile(chunk)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return { mime: sniff(head), bytes, sha256: hash.digest('hex') }
}
