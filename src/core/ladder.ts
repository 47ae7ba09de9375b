/** What shows that a message entered the recipient's context. */
export type Proof = 'tool' | 'hook' | 'protocol' | 'record'

/**
 * Ways to bring a message to an agent. `push` is the runtime's own channel for messages of peers,
 * `turn-end` an answer to its Stop hook, `paste` the terminal, `fetch` the agent asking by itself.
 */
export type Rung = 'push' | 'turn-end' | 'paste' | 'fetch'

/** The rungs that work in each state of an agent, best first. */
export interface Ladder {
  idle: Rung[]
  busy: Rung[]
  waiting: Rung[]
}
