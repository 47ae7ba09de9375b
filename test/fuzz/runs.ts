/** Full runs take long: `TROUPE_FUZZ=full`, or `npm run bench -- --full`. */
export const isFull = process.env['TROUPE_FUZZ'] === 'full'

/** How many inputs a property gets: few with every test run, a million and more in all when asked for. */
export function runs(few: number, full: number): { numRuns: number } {
  return { numRuns: isFull ? full : few }
}

/** ms; a bound against hanging. */
export const patience = isFull ? 3_600_000 : 120_000
