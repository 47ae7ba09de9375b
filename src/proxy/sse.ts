/**
 * Named server-sent events. With `broken` the body fails after them: the server then cuts the connection,
 * which a Response cannot ask for in another way.
 */
export function sse(events: Iterable<{ type: string }>, how: { broken?: boolean } = {}): Response {
  return streamed(events, (event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`, how)
}

/** The same without names. */
export function sseData(events: Iterable<object>, how: { broken?: boolean } = {}): Response {
  return streamed(events, (event) => `data: ${JSON.stringify(event)}\n\n`, how)
}

function streamed<T>(events: Iterable<T>, write: (event: T) => string, { broken = false }: { broken?: boolean }): Response {
  const source = events[Symbol.iterator]()
  const encoder = new TextEncoder()
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = source.next()
      if (!next.done) controller.enqueue(encoder.encode(write(next.value)))
      else if (broken) controller.error(new Error('dropped, as the scenario says'))
      else controller.close()
    },
  })
  return new Response(stream, { headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' } })
}
