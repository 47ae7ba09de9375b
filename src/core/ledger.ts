import { noSum, plus, type Nano, type Sum } from './money.ts'

/** What one day and the runs of it cost so far, by agent. Changes nothing but itself. */
export class Ledger {
  readonly #days = new Map<string, Sum>()
  readonly #runs = new Map<string, Sum>()

  /** A sum that was there before. */
  addToDay(agent: string, sum: Sum): void {
    this.#days.set(agent, plus(this.ofAgent(agent), sum))
  }

  addToRun(incarnation: string, sum: Sum): void {
    this.#runs.set(incarnation, plus(this.ofRun(incarnation), sum))
  }

  ofAgent(agent: string): Sum {
    return this.#days.get(agent) ?? noSum
  }

  ofRun(incarnation: string): Sum {
    return this.#runs.get(incarnation) ?? noSum
  }

  ofProject(project: string): Sum {
    return this.#sum((agent) => agent.startsWith(`${project}:`))
  }

  ofTeam(): Sum {
    return this.#sum(() => true)
  }

  /** Runs go on, days do not. */
  nextDay(): Ledger {
    const next = new Ledger()
    for (const [incarnation, sum] of this.#runs) next.addToRun(incarnation, sum)
    return next
  }

  forgetRun(incarnation: string): void {
    this.#runs.delete(incarnation)
  }

  #sum(counts: (agent: string) => boolean): Sum {
    return [...this.#days].reduce((sum, [agent, each]) => (counts(agent) ? plus(sum, each) : sum), noSum)
  }
}

/** One call, by its cost. */
export function oneCall(cost: Nano | null): Sum {
  return cost === null ? { nano: 0, unpriced: 1 } : { nano: cost, unpriced: 0 }
}

export function less(sum: Sum): Sum {
  return { nano: -sum.nano, unpriced: -sum.unpriced }
}
