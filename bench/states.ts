import { isFalse, isMissed, readings, type Reading } from '../test/corpus/corpus.ts'
import type { Row } from './row.ts'

/** What the screens of the corpus are read as, by themselves: states that were not so, and states that were not seen. */
export async function states(): Promise<Row[]> {
  const all = await readings()
  return [...new Set(all.map(({ runtime }) => runtime))].flatMap((runtime) => {
    const screens = all.filter((each) => each.runtime === runtime)
    const heldOut = screens.filter((each) => each.heldOut)
    return [
      { figure: `screen read falsely, ${runtime}`, value: screens.filter(isFalse).length, unit: `of ${screens.length}`, hold: '0', beside: byState(screens, (each) => each.read, isFalse, heldOut) },
      { figure: `state not seen on the screen, ${runtime}`, value: screens.filter(isMissed).length, unit: `of ${screens.length}`, hold: '', beside: byState(screens, (each) => each.truth, isMissed, heldOut) },
    ]
  })
}

function byState(screens: Reading[], stateOf: (each: Reading) => Reading['truth'], is: (each: Reading) => boolean, heldOut: Reading[]): string {
  const counts = (['idle', 'waiting', 'busy'] as const).map((state) => `${state === 'idle' ? 'done' : state} ${screens.filter((each) => stateOf(each) === state && is(each)).length}`)
  return `${counts.join(', ')}; ${heldOut.filter(is).length} of the ${heldOut.length} held out`
}
