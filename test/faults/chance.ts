/** Random numbers that come again with the same seed (mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c). */
export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 up to, without, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 up to, without, `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end)
  }

  /** True in this share of cases. */
  hits(share: number): boolean {
    return this.next() < share
  }

  pick<T>(all: readonly [T, ...T[]]): T {
    return all[this.below(all.length)] ?? all[0]
  }

  /** Another one, whose numbers do not depend on how many this one gives. */
  fork(): Chance {
    return new Chance(this.below(2 ** 32))
  }
}
