import { TroupeError } from '../core/error.ts'
import type { Gateway } from '../core/gateway.ts'

/** What a gateway is made of. */
export interface GatewayContext {
  /** A bot's token, or the key of signatures. It stays in memory. */
  secret: string
  /** Where the platform is, where that is not its usual place. */
  url: string | null
}

interface Entry {
  load: () => Promise<(context: GatewayContext) => Gateway>
}

/** YAML word → gateway, loaded when it is first needed. One line for each. */
const gateways: Readonly<Record<string, Entry>> = {
  telegram: { load: async () => { const { Telegram } = await import('./telegram/index.ts'); return (context) => new Telegram(context) } },
  webhook: { load: async () => { const { Webhook } = await import('./webhook.ts'); return (context) => new Webhook(context) } },
}

/** What config needs to know of this folder: the words that `interfaces[].type` may be. */
export const gatewayNames = {
  default: 'telegram',
  ready: Object.keys(gateways) as readonly string[],
  planned: [] as readonly string[],
}

export async function loadGateway(name: string, context: GatewayContext): Promise<Gateway> {
  const entry = Object.hasOwn(gateways, name) ? gateways[name] : undefined
  if (entry === undefined) throw new TroupeError('config', `there is no gateway \`${name}\` in this version`, { hint: `use ${gatewayNames.ready.join(' or ')}` })
  return (await entry.load())(context)
}
