/** What config needs to know of this folder: the words that `interfaces[].type` may be. No gateway is in this version. */
export const gatewayNames = {
  default: 'telegram',
  ready: [] as readonly string[],
  planned: ['telegram', 'webhook'] as readonly string[],
}
