/** Runs pieces of work one after another; a failing one does not stop the next. */
export class Lane {
  #last: Promise<unknown> = Promise.resolve()

  run<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work, work)
    this.#last = next.catch(() => {}) // told to whoever asked for it
    return next
  }
}

/** Makes calls that come while one runs into a single further run. Faults go to `report`. */
export function coalesce(work: () => Promise<void>, report: (error: unknown) => void): () => void {
  let running = false
  let again = false
  const run = () => {
    if (running) {
      again = true
      return
    }
    running = true
    work()
      .catch(report)
      .finally(() => {
        running = false
        if (!again) return
        again = false
        run()
      })
  }
  return run
}
