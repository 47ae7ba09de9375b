import { brief, callText, contentText, fieldsOf, textOf, tokens, type Fields, type Shown, type View } from './shown.ts'

/** Threads, turns and items, in words with dots. */
export function itemsView(): View {
  return (event, way) => (way === 'in' ? [] : itemEvent(event))
}

function itemEvent(event: Fields): Shown[] {
  switch (event['type']) {
    case 'item.started':
    case 'item.completed':
      return showItem(fieldsOf(event['item']), event['type'] === 'item.started')
    case 'turn.completed': {
      const usage = fieldsOf(event['usage'])
      return [{ who: 'note', text: `turn over · ${tokens(usage['input_tokens'], usage['output_tokens'])}` }]
    }
    case 'turn.failed':
      return [{ who: 'error', text: `turn failed: ${textOf(fieldsOf(event['error'])['message'])}` }]
    case 'error':
      return [{ who: 'error', text: textOf(event['message']) }]
    default:
      return []
  }
}

/** One thing that happened in a turn. Names come in snake case or camel case, by the door they come through. */
export function showItem(item: Fields, begins: boolean): Shown[] {
  const call = calls[textOf(item['type'])]
  if (call !== undefined) return begins ? [{ who: 'tool', text: call(item) }] : [outcome(item)]
  switch (item['type']) {
    case 'userMessage':
      return begins ? [{ who: 'user', text: contentText(item['content']) }] : []
    case 'agent_message':
    case 'agentMessage':
      return begins ? [] : [{ who: 'agent', text: textOf(item['text']) }]
    case 'error':
      return begins ? [] : [{ who: 'error', text: textOf(item['message']) }]
    default:
      return []
  }
}

const command = (item: Fields): string => callText('$', { command: item['command'] })
const mcp = (item: Fields): string => callText(`${textOf(item['server'])}.${textOf(item['tool'])}`, item['arguments'])
const edit = (item: Fields): string => callText('edit', item['changes'])
const lookUp = (item: Fields): string => callText('search the web', item['query'])
const calls: { [type in string]?: (item: Fields) => string } = {
  ...{ command_execution: command, commandExecution: command, mcp_tool_call: mcp, mcpToolCall: mcp },
  ...{ file_change: edit, fileChange: edit, web_search: lookUp, webSearch: lookUp },
}

function outcome(item: Fields): Shown {
  const failed = ['failed', 'declined'].includes(textOf(item['status']))
  const text = textOf(fieldsOf(item['error'])['message']) || textOf(item['aggregated_output'] ?? item['aggregatedOutput']) || contentText(fieldsOf(item['result'])['content'])
  return { who: failed ? 'error' : 'result', text: brief(text === '' ? textOf(item['status']) : text) }
}

/** Steps of a run, each with a part. */
export function partsView(): View {
  return (event, way) => (way === 'in' ? [] : partEvent(event))
}

function partEvent(event: Fields): Shown[] {
  const part = fieldsOf(event['part'])
  switch (event['type']) {
    case 'text':
      return [{ who: 'agent', text: textOf(part['text']) }]
    case 'tool_use': {
      const state = fieldsOf(part['state'])
      const failed = state['status'] === 'error'
      return [
        { who: 'tool', text: callText(textOf(part['tool']), state['input']) },
        { who: failed ? 'error' : 'result', text: brief(state[failed ? 'error' : 'output'] ?? '') },
      ]
    }
    case 'step_finish': {
      const used = fieldsOf(part['tokens'])
      return part['reason'] === 'stop' ? [{ who: 'note', text: `turn over · ${tokens(used['input'], used['output'])}` }] : []
    }
    case 'error':
      return [{ who: 'error', text: brief(fieldsOf(fieldsOf(event['error'])['data'])['message'] ?? event['error']) }]
    default:
      return []
  }
}
