import { Chunks } from './chunks.ts'
import { brief, callText, contentText, fieldsOf, listOf, textOf, tokens, type Fields, type Shown, type View } from './shown.ts'

/** Events with a `type` each: messages with blocks, or in pieces, tools and results, and requests of control. */
export function streamView(): View {
  const chunks = new Chunks()
  return (event, way) => {
    if (way === 'in') return told(event)
    if (event['type'] === 'message' && event['role'] === 'assistant' && event['delta'] === true) return chunks.add(textOf(event['content']))
    return [...chunks.end(), ...said(event)]
  }
}

/** What it is told: words of a user, answers to its questions. Its echo of them comes with the model's answer only. */
function told(event: Fields): Shown[] {
  if (event['type'] === 'user') return userSaid(fieldsOf(event['message'])['content'])
  if (event['type'] === 'control_request' && fieldsOf(event['request'])['subtype'] === 'interrupt') return [{ who: 'note', text: 'interrupt' }]
  const { response } = event['type'] === 'control_response' ? fieldsOf(event['response']) : {}
  const { behavior, message } = fieldsOf(response)
  if (typeof behavior !== 'string') return []
  return [{ who: 'note', text: behavior === 'allow' ? 'allowed' : `denied: ${textOf(message)}` }]
}

function said(event: Fields): Shown[] {
  switch (event['type']) {
    case 'assistant':
      return listOf(fieldsOf(event['message'])['content']).flatMap(block)
    case 'user':
      return event['isReplay'] === true ? [] : userSaid(fieldsOf(event['message'])['content'])
    case 'message':
      return [{ who: event['role'] === 'assistant' ? 'agent' : 'user', text: contentText(event['content']) }]
    case 'tool_use':
      return [{ who: 'tool', text: callText(textOf(event['tool_name']), event['parameters']) }]
    case 'tool_result':
      return [{ who: event['status'] === 'error' ? 'error' : 'result', text: brief(event['output'] ?? fieldsOf(event['error'])['message'] ?? '') }]
    case 'control_request':
      return asked(fieldsOf(event['request']))
    case 'system':
      return fromSystem(event)
    case 'error':
      return [{ who: 'error', text: textOf(event['message']) }]
    case 'result':
      return [ended(event)]
    default:
      return []
  }
}

function block(each: Fields): Shown[] {
  if (each['type'] === 'text') return [{ who: 'agent', text: textOf(each['text']) }]
  return each['type'] === 'tool_use' ? [{ who: 'tool', text: callText(textOf(each['name']), each['input']) }] : []
}

function userSaid(content: unknown): Shown[] {
  if (typeof content === 'string') return [{ who: 'user', text: content }]
  return listOf(content).map((each) =>
    each['type'] === 'tool_result' ? { who: each['is_error'] === true ? 'error' : 'result', text: brief(contentText(each['content'])) } : { who: 'user', text: contentText([each]) },
  )
}

function asked({ subtype, tool_name: tool, input }: Fields): Shown[] {
  return subtype === 'can_use_tool' ? [{ who: 'asks', text: `may it? ${callText(textOf(tool), input)}` }] : []
}

function fromSystem({ subtype, attempt, max_retries: most, error, error_status: status }: Fields): Shown[] {
  if (subtype === 'api_retry') return [{ who: 'error', text: `the model’s API failed (${brief(status ?? error ?? '?')}), attempt ${Number(attempt ?? 0)} of ${Number(most ?? 0)}` }]
  return subtype === 'compact_boundary' ? [{ who: 'note', text: 'the conversation was shortened' }] : []
}

function ended(event: Fields): Shown {
  const usage = fieldsOf(event['usage'] ?? event['stats'])
  const cost = typeof event['total_cost_usd'] === 'number' ? ` · $${event['total_cost_usd'].toFixed(4)}` : ''
  const failed = event['is_error'] === true || event['status'] === 'error'
  const why = failed ? `: ${brief(event['result'] ?? fieldsOf(event['error'])['message'] ?? event['subtype'])}` : ''
  return { who: failed ? 'error' : 'note', text: `${failed ? 'turn failed' : 'turn over'}${why} · ${tokens(usage['input_tokens'], usage['output_tokens'])}${cost}` }
}
