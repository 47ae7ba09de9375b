import type { Input, OperationName, Output } from '../api/index.ts'
import type { ServerHello, StreamItem } from '../api/wire.ts'

/** A connection to a daemon, whatever carries it. */
export interface Client {
  /** Throws TroupeError as the daemon threw it, `unavailable` if the daemon goes first, or the signal's reason. */
  call<K extends OperationName>(name: K, input: Input<K>, options?: { signal?: AbortSignal }): Promise<Output<K>>
  /** The journal from a cursor on (null: from now). Ends with the signal; throws `unavailable` if the daemon goes. */
  events(cursor: string | null, signal: AbortSignal): AsyncIterable<StreamItem>
  readonly daemon: ServerHello
  /** Idempotent. What is still running is answered with `unavailable`. */
  close(): void
}
