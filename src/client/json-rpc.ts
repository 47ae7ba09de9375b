/** The little of JSON-RPC that the shim must know about what it carries. */

export interface RpcError {
  jsonrpc: '2.0'
  id: unknown
  error: { code: number; message: string }
}

export function rpcError(id: unknown, code: number, message: string): RpcError {
  return { jsonrpc: '2.0', id, error: { code, message } }
}

/** Ids of the requests in a message or batch: what the client waits for. */
export function idsOf(message: unknown): unknown[] {
  const parts: unknown[] = Array.isArray(message) ? message : [message]
  return parts.filter((part) => isRecord(part) && 'method' in part && 'id' in part).map((part) => (part as { id: unknown }).id)
}

/** Ids that a message from the server answers. */
export function answeredIds(message: unknown): unknown[] {
  const parts: unknown[] = Array.isArray(message) ? message : [message]
  return parts.filter((part) => isRecord(part) && !('method' in part) && 'id' in part).map((part) => (part as { id: unknown }).id)
}

/**
 * What Streamable HTTP wants said in headers as well: since protocol 2026-07-28 a server refuses a request whose
 * headers do not repeat its version, method and name.
 */
export function mcpHeaders(message: unknown): Record<string, string> {
  if (!isRecord(message) || typeof message['method'] !== 'string') return {}
  const params = isRecord(message['params']) ? message['params'] : {}
  const meta = isRecord(params['_meta']) ? params['_meta'] : {}
  const version = meta['io.modelcontextprotocol/protocolVersion']
  if (typeof version !== 'string') return {}
  const name = params['name'] ?? params['uri']
  return {
    'mcp-protocol-version': headerText(version),
    'mcp-method': headerText(message['method']),
    ...(typeof name === 'string' ? { 'mcp-name': headerText(name) } : {}),
  }
}

/** As it is where a header can carry it, else in the protocol's base64 form. */
function headerText(text: string): string {
  if (/^[\x21-\x7e]+$/.test(text) && !text.startsWith('=?base64?')) return text
  return `=?base64?${Buffer.from(text).toString('base64')}?=`
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
