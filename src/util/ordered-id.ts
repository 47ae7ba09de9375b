import { v7 } from 'uuid'
import { randomBytes16 } from './random.ts'

/** Where the number within a millisecond begins, at most: below half of its 32 bits, so that there is room to count. */
const firstSeq = 0x7fff_ffff

/**
 * Makes UUIDv7s, each greater than the one before: also within a millisecond, and also where the clock was set back (the
 * time in them then stands still until the clock has caught up).
 */
export function orderedIds(now: () => number): () => string {
  let [msecs, seq] = [0, 0]
  return () => {
    const random = randomBytes16()
    const at = now()
    if (at > msecs) [msecs, seq] = [at, new DataView(random.buffer, random.byteOffset).getUint32(0) & firstSeq]
    else if (seq < 0xffff_ffff) seq += 1
    else [msecs, seq] = [msecs + 1, 0]
    return v7({ random, msecs, seq })
  }
}
