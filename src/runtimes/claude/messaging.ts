import { connect } from 'node:net'

/** A socket that does not let us connect and write within this is not listened to. ms */
const patienceMs = 2_000

export type Pushed = { ok: true } | { ok: false; why: string }

/**
 * Gives a text to a running session over its messaging socket. Claude answers nothing, and drops a wrong token in
 * silence: that the text was taken shows in a hook or the transcript only. It comes in with the authority of a peer.
 * What was written whole is on its way, also where a busy machine lets Claude hang up late: to say no would double it.
 */
export function push(socketPath: string, token: string, text: string): Promise<Pushed> {
  return new Promise((resolve) => {
    const socket = connect(socketPath)
    let written = false
    socket.on('finish', () => (written = true))
    socket.setTimeout(patienceMs, () => socket.destroy(written ? undefined : new Error(`it took nothing in ${patienceMs} ms`)))
    socket.on('error', (error) => resolve({ ok: false, why: error.message }))
    socket.on('close', () => resolve({ ok: true }))
    socket.on('data', () => {})
    socket.end(`${line({ type: 'auth', token })}${line({ type: 'user', message: { role: 'user', content: text } })}`)
  })
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}
