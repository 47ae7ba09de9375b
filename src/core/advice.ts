import type { AgentState } from './phase.ts'

/** What a person can do about an agent now, as commands with a word of why. Never empty. */
export function advice(state: AgentState): string[] {
  const { address, phase } = state
  switch (phase.name) {
    case 'waiting':
      return [`troupe attach ${address} --rw: it asks (${phase.what}); answer in its terminal`]
    case 'quarantined':
      return [`troupe logs ${address}: see why it ended`, `troupe restart ${address}: clears the quarantine and starts it`]
    case 'blocked':
      return [phase.fix ?? `mend the cause (${phase.why})`, `troupe restart ${address}: tries again`]
    case 'parked':
      return phase.until === null
        ? [`troupe restart ${address}: once the provider lets it work again`]
        : ['nothing: it starts by itself when the time has come', `troupe restart ${address}: tries now`]
    case 'backoff':
      return [`troupe logs ${address}: see why it ended`, `troupe restart ${address}: does not wait for the back-off`]
    case 'stopped':
      return [`troupe start ${address}`]
    case 'starting':
      return [`troupe attach ${address}: look at its terminal if this lasts`]
    case 'stopping':
      return [`troupe kill ${address}: if it must go at once`]
    default:
      return [`troupe attach ${address}: look`, `troupe send ${address} "…": talk to it`]
  }
}
