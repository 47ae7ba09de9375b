import { expect, it } from 'vitest'
import { Stricken, victims, type Victim } from './stricken.ts'

/** All 63 take long: `TROUPE_FAULTS=full`, or `npm run bench -- --full`. */
const isFull = process.env['TROUPE_FAULTS'] === 'full'
const seed = Number(process.env['TROUPE_SEED'] ?? Date.now() % 1_000_000)

it('comes back from kill -9 of any of its processes at one moment: one of each, no orphan, no message lost or doubled (T10)', async () => {
  const random = generator(seed)
  const subsets = shuffled(chosen(), random).map((subset) => ({ subset: shuffled(subset, random), gap: gap(random) }))
  const count = subsets.length
  console.log(`seed ${seed}: ${count} combinations`)
  // Two teams side by side: most of the time is waiting.
  const teams = [new Stricken(), new Stricken()]
  const took: string[] = []
  await Promise.all(teams.map(async (team) => {
    await team.up()
    for (let next = subsets.pop(); next !== undefined; next = subsets.pop()) {
      const what = `${next.subset.join(', ')}, ${next.gap} ms apart`
      const ms = await team.strike(next.subset, next.gap).catch((cause: unknown) => {
        throw new Error(`after kill -9 of ${what} (seed ${seed})`, { cause })
      })
      took.push(`${String(Math.round(ms)).padStart(6)} ms  ${what}`)
    }
    await team.account()
    await team.down()
  }))
  expect(took).toHaveLength(count)
  console.log(took.toSorted().join('\n'))
}, isFull ? 3_600_000 : 900_000)

/** Every one, every two and all of them; with everything, every subset. */
function chosen(): Victim[][] {
  const all = Array.from({ length: 2 ** victims.length - 1 }, (_, n) => victims.filter((_victim, bit) => ((n + 1) >> bit) & 1))
  return isFull ? all : all.filter(({ length }) => length <= 2 || length === victims.length)
}

/** ms between one death and the next: mostly none, else little enough that one is not dealt with when the next comes. */
function gap(random: () => number): number {
  return random() < 0.6 ? 0 : Math.ceil(random() * 40)
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items.map((item) => ({ item, at: random() })).toSorted((a, b) => a.at - b.at).map(({ item }) => item)
}

/** Mulberry32: the same seed, the same order. */
function generator(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
