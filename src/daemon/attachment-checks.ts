import { appendFile, realpath } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { isPerson } from '../core/acl.ts'
import { shownName, type KeptFile } from '../core/attachment.ts'
import { TroupeError, type ErrorCode } from '../core/error.ts'
import type { Sender } from '../core/message.ts'
import { findAgent, type Agent, type AttachmentSettings } from '../core/team.ts'
import { isInside, NotOpened, openRegular, type Opened } from '../util/open-regular.ts'
import { run } from '../util/spawn.ts'
import type { AttachmentsParts } from './attachments.ts'

type Rule = 'enabled' | 'max_size_bytes' | 'max_total_bytes' | 'allowed_roots' | 'scanner'

/** Of what a scanner says, characters. */
const longestReason = 200

/** What keeps a file out. Each refusal names its rule and where that is set; each decision leaves a line. */
export class Checks {
  readonly #parts: AttachmentsParts

  constructor(parts: AttachmentsParts) {
    this.#parts = parts
  }

  /** Runs the way of one file in; tells the journal of a refusal, and the audit log of either. */
  async noted(from: Sender, name: string, work: () => Promise<KeptFile>): Promise<KeptFile> {
    try {
      if (!this.#parts.team().attachments.enabled) throw this.#refusal('enabled', 'denied', 'this team’s messages carry no files')
      const kept = await work()
      const { sha256, bytes, mime } = kept
      await this.#audit({ by: from, name, verdict: 'kept', sha256, bytes, mime })
      return kept
    } catch (error) {
      if (error instanceof TroupeError) await this.#tell(from, name, error)
      throw error
    }
  }

  /** Opens a file once. An agent's must lie, as opened, where agents may take files from. */
  async open(path: string, from: Sender): Promise<Opened> {
    const agent = isPerson(from) ? undefined : findAgent(this.#parts.team(), from)
    if (agent === undefined && !isPerson(from)) throw new TroupeError('denied', `${from} has no files on this machine`, { hint: 'give the content itself' })
    if (agent === undefined && !isAbsolute(path)) throw new TroupeError('usage', `${shownName(path)} is not an absolute path`, { hint: 'name the whole path' })
    const opened = await openRegular(agent === undefined ? path : resolve(agent.cwd, path)).catch((error: unknown) => Promise.reject(cannotOpen(path, error)))
    if (agent === undefined) return opened
    try {
      await this.#checkRoots(path, opened.real, agent)
      return opened
    } catch (error) {
      await opened.file.close()
      throw error
    }
  }

  size(bytes: number, { maxSizeBytes }: AttachmentSettings): void {
    if (bytes > maxSizeBytes) throw this.#refusal('max_size_bytes', 'too_large', `the file is larger than ${maxSizeBytes} bytes`, { limit: maxSizeBytes })
  }

  /** Operators and gateways always get in, as with full inboxes. */
  async room(bytes: number, from: Sender, { maxTotalBytes }: AttachmentSettings): Promise<void> {
    if (isPerson(from)) return
    const total = await this.#parts.store.read((db) => db.attachments.totalBytes())
    if (total + bytes <= maxTotalBytes) return
    throw this.#refusal('max_total_bytes', 'too_large', `the files of the team’s messages take ${total} bytes already, and ${maxTotalBytes} are allowed`, { limit: maxTotalBytes, total })
  }

  /** The copy is looked at, so what was looked at is what is kept. Whatever goes wrong keeps it out. */
  async scan(file: string, { scanner }: AttachmentSettings): Promise<void> {
    if (scanner === null) return
    const argv = [...scanner.command.split(/\s+/).filter((word) => word !== ''), file]
    const env = Object.fromEntries(Object.entries(this.#parts.environment()).filter(([name]) => ['PATH', 'HOME', 'LANG', 'TMPDIR'].includes(name)))
    const why = await run(argv, { env, cwd: dirname(file), timeoutMs: scanner.timeoutMs }).then(
      ({ code, timedOut, stdout, stderr }) =>
        timedOut ? `the scanner took longer than ${scanner.timeoutMs / 1000} s` : code === 0 ? null : `the scanner said no (${code === null ? 'killed' : `exit code ${code}`})${said(stdout || stderr)}`,
      (error: unknown) => `the scanner cannot be run: ${error instanceof Error ? error.message : String(error)}`,
    )
    if (why !== null) throw this.#refusal('scanner', 'denied', why)
  }

  /** Of the team's own state only the agent's folder is its own; nobody attaches the daemon's secrets. */
  async #checkRoots(path: string, real: string, agent: Agent): Promise<void> {
    const { paths } = this.#parts
    const { allowedRoots } = this.#parts.team().attachments
    const own = paths.agentFolder(agent.project, agent.id)
    const hidden = await realOnes([paths.state, join(paths.root, '.env'), join(dirname(paths.root), '.env'), '/proc', '/sys', '/dev'])
    if (!(await isBelow(real, [own])) && hidden.some((folder) => isInside(folder, real))) {
      throw this.#refusal('allowed_roots', 'denied', `${shownName(path)} belongs to the team’s own state or secrets, which agents cannot attach`)
    }
    if (await isBelow(real, [agent.cwd, own, ...allowedRoots])) return
    throw this.#refusal('allowed_roots', 'denied', `${shownName(path)} lies outside of the folders that ${agent.address} may attach files from`)
  }

  #refusal(rule: Rule, code: ErrorCode, why: string, facts: Record<string, unknown> = {}): TroupeError {
    const setting = this.#parts.settingName(['attachments', rule])
    return new TroupeError(code, why, { hint: `${setting} decides; whoever runs the team can change it there`, facts: { rule: `attachments.${rule}`, set: setting, ...facts } })
  }

  async #tell(from: Sender, name: string, { message, facts }: TroupeError): Promise<void> {
    const rule = typeof facts['rule'] === 'string' ? facts['rule'] : null
    await this.#audit({ by: from, name, verdict: 'refused', rule, why: message })
    await this.#parts.store.write(async (tx) =>
      tx.journal({ type: 'attachment.refused', subject: from, agent: isPerson(from) ? null : from, data: { name: shownName(name), rule, why: message } }),
    )
  }

  async #audit(line: Record<string, unknown>): Promise<void> {
    const { auditLogPath } = this.#parts.team().attachments
    if (auditLogPath === null) return
    try {
      await appendFile(auditLogPath, `${JSON.stringify({ at: this.#parts.clock.now(), ...line })}\n`, { mode: 0o600 })
    } catch (cause) {
      throw new TroupeError('unavailable', `the audit log ${auditLogPath} cannot be written, so no file gets in`, { hint: this.#parts.settingName(['attachments', 'audit_log_path']), cause })
    }
  }
}

function said(output: string): string {
  const line = output.split('\n').find((each) => each.trim() !== '')?.trim() ?? ''
  return line === '' ? '' : `: ${shownName(line).slice(0, longestReason)}`
}

async function isBelow(real: string, folders: readonly string[]): Promise<boolean> {
  return (await realOnes(folders)).some((folder) => isInside(folder, real))
}

/** What is not there holds nothing. */
async function realOnes(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.allSettled(paths.map((path) => realpath(path)))
  return found.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
}

const reasons: Record<NotOpened['why'], string> = {
  missing: 'is not there',
  forbidden: 'may not be read',
  special: 'is not a regular file',
  changed: 'was changed while it was opened',
}

function cannotOpen(path: string, error: unknown): unknown {
  if (!(error instanceof NotOpened)) return error
  return new TroupeError('usage', `${shownName(path)} ${reasons[error.why]}`, { hint: 'name a file that can be read', facts: { path }, cause: error })
}
