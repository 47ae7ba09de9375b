import type { AgentState } from './phase.ts'

/** What a person can do about an agent now, as commands with a word of why. Never empty. */
export function advice(state: AgentState): string[] {
  const { address, phase } = state
  switch (phase.name) {
    case 'waiting':
      return [`troupe attach ${address} --rw: answer there (${asked(phase.what)}). ${phase.fix ?? 'What it shows stands under its screen above'}`]
    case 'quarantined':
      return [`troupe logs ${address}: see why it ended`, `troupe restart ${address}: clears the quarantine and starts it`]
    case 'blocked':
      return [phase.fix ?? `mend the cause (${phase.why})`, `troupe start ${address}: tries again`, `troupe restart ${address}: the same with a new process`]
    case 'parked':
      if (phase.hold?.by === 'person') return [phase.fix ?? phase.why]
      if (phase.hold !== undefined) return [phase.fix ?? phase.why, `troupe budget: what it has cost, and what it may`]
      return phase.until === null
        ? [...(phase.fix === undefined ? [] : [phase.fix]), `troupe start ${address}: once the provider lets it work again`]
        : ['nothing: it goes on by itself when the time has come', `troupe start ${address}: tries now`]
    case 'backoff':
      return [`troupe logs ${address}: see why it ended`, `troupe restart ${address}: does not wait for the back-off`]
    case 'stopped':
      return [`troupe start ${address}`]
    case 'starting':
      return [`troupe attach ${address}: look at its terminal if this lasts`, `troupe restart ${address}: begins anew with another process`]
    case 'stopping':
      return [`troupe kill ${address}: if it must go at once`]
    default:
      return [`troupe attach ${address}: look`, `troupe send ${address} "…": talk to it`]
  }
}

function asked(what: string): string {
  return what === 'unknown' ? 'it asks something that is not known to troupe' : `it asks: ${what}`
}
