/** The first piece of a body as text, and the whole body again, which goes on as it is read. */
export async function peeked(body: ReadableStream<Uint8Array> | null): Promise<{ head: string; body: ReadableStream<Uint8Array> | null }> {
  if (body === null) return { head: '', body }
  const reader = body.getReader()
  const first = (await reader.read()).value
  let again = first
  return {
    head: first === undefined ? '' : new TextDecoder().decode(first),
    body: new ReadableStream<Uint8Array>({
      async pull(controller) {
        const early = again
        again = undefined
        if (early !== undefined) return controller.enqueue(early)
        const { value, done } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: async (reason) => await reader.cancel(reason),
    }),
  }
}
