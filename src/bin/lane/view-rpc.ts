import { Chunks } from './chunks.ts'
import { brief, callText, contentText, fieldsOf, textOf, tokens, type Fields, type Shown, type View } from './shown.ts'
import { showItem } from './view-steps.ts'

/** The Agent Client Protocol: prompts go in, updates of a session come out. */
export function acpView(): View {
  const chunks = new Chunks()
  return (event, way) => {
    const params = fieldsOf(event['params'])
    if (way === 'in') return event['method'] === 'session/prompt' ? [{ who: 'user', text: contentText(params['prompt']) }] : []
    const update = fieldsOf(params['update'])
    if (update['sessionUpdate'] === 'agent_message_chunk') return chunks.add(contentText([update['content']]))
    const shown = event['method'] === 'session/update' ? fromUpdate(update) : fromAgent(event, params)
    return shown.length === 0 ? [] : [...chunks.end(), ...shown]
  }
}

function fromUpdate(update: Fields): Shown[] {
  switch (update['sessionUpdate']) {
    case 'tool_call':
      return [{ who: 'tool', text: callText(textOf(update['title']), update['rawInput']) }]
    case 'tool_call_update':
      if (update['status'] !== 'completed' && update['status'] !== 'failed') return []
      return [{ who: update['status'] === 'failed' ? 'error' : 'result', text: brief(contentText(update['content'])) }]
    default:
      return []
  }
}

function fromAgent(event: Fields, params: Fields): Shown[] {
  if (event['method'] === 'session/request_permission') {
    const call = fieldsOf(params['toolCall'])
    return [{ who: 'asks', text: `may it? ${callText(textOf(call['title']), call['rawInput'])}` }]
  }
  const error = fieldsOf(event['error'])
  if (typeof error['message'] === 'string') return [{ who: 'error', text: `${error['message']} ${brief(error['data'] ?? '')}`.trimEnd() }]
  const { stopReason, usage } = fieldsOf(event['result'])
  if (typeof stopReason !== 'string') return []
  const used = fieldsOf(usage)
  return [{ who: 'note', text: `turn over (${stopReason})${usage === undefined ? '' : ` · ${tokens(used['inputTokens'], used['outputTokens'])}`}` }]
}

/** Threads, turns and items over JSON-RPC. */
export function threadsView(): View {
  return (event, way) => {
    const params = fieldsOf(event['params'])
    if (way === 'in') return []
    const method = textOf(event['method'])
    if (/(requestApproval|elicitation\/request)$/.test(method)) return [{ who: 'asks', text: `may it? ${brief(params['command'] ?? params['message'] ?? params['reason'] ?? method)}` }]
    switch (method) {
      case 'item/started':
      case 'item/completed':
        return showItem(fieldsOf(params['item']), method === 'item/started')
      case 'error':
        return [{ who: 'error', text: textOf(fieldsOf(params['error'])['message']) }]
      case 'turn/completed': {
        const { status, error } = fieldsOf(params['turn'])
        return [status === 'failed' ? { who: 'error', text: `turn failed: ${textOf(fieldsOf(error)['message'])}` } : { who: 'note', text: `turn over (${textOf(status)})` }]
      }
      default: {
        const message = fieldsOf(event['error'])['message']
        return typeof message === 'string' ? [{ who: 'error', text: message }] : []
      }
    }
  }
}
