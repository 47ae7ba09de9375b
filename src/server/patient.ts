import type { Clock } from '../core/clock.ts'

/** A quick answer goes out whole. ms */
const soonMs = 300
/** A blank, so that nothing between the two takes the connection for dead: clients give up after a minute at the earliest. ms */
const blankMs = 10_000

/**
 * JSON that may take as long as a person does: blanks, which JSON allows in front, until it is there. `report` hears of
 * a failure; the answer then breaks off, which no client takes for one.
 */
export async function patientJson(answer: Promise<unknown>, clock: Clock, report: (error: unknown) => void): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  const soon = await Promise.race([quick(answer), later(clock)])
  if (soon !== null) return new Response(JSON.stringify(soon.value), { headers })
  const pipe = new TransformStream<Uint8Array, Uint8Array>()
  void send(answer, pipe.writable.getWriter(), clock, report)
  return new Response(pipe.readable, { headers })
}

async function quick(answer: Promise<unknown>): Promise<{ value: unknown }> {
  return { value: await answer }
}

function later(clock: Clock): Promise<null> {
  return new Promise((resolve) => void clock.after(soonMs, () => resolve(null)))
}

async function send(answer: Promise<unknown>, to: WritableStreamDefaultWriter<Uint8Array>, clock: Clock, report: (error: unknown) => void): Promise<void> {
  const text = new TextEncoder()
  let stop = (): void => undefined
  const blank = (): void => {
    to.write(text.encode(' ')).catch(() => stop()) // the client is gone; its abort ends the question
    stop = clock.after(blankMs, blank)
  }
  blank()
  try {
    const value = await answer
    await to.write(text.encode(JSON.stringify(value))).catch(() => undefined) // gone meanwhile
    await to.close().catch(() => undefined)
  } catch (error) {
    report(error)
    await to.abort(error).catch(() => undefined)
  } finally {
    stop()
  }
}
