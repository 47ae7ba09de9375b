import { logSize } from '../log-size.ts'

/** At rest the screen is looked at where something was drawn, and once in so many ticks in any case. */
const restLooks = 15

/** When a screen that last said what is known has to be looked at again. */
export class Rest {
  readonly #folder: string
  /** Size of the terminal's log at the last look, and ticks that went by without one since. */
  #drawn: number | null = null
  #passed = 0

  constructor(agentFolder: string) {
    this.#folder = agentFolder
  }

  /** Before each look at the screen. */
  looks(): void {
    this.#drawn = logSize(this.#folder)
  }

  /** Nothing was drawn since the last look. Called once a tick; `agrees`: it rests, and its screen says so. */
  goesOn(agrees: boolean): boolean {
    const size = agrees ? logSize(this.#folder) : null
    this.#passed = size !== null && size === this.#drawn ? this.#passed + 1 : restLooks
    if (this.#passed < restLooks) return true
    this.#passed = 0
    return false
  }
}
