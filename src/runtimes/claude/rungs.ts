import { join } from 'node:path'
import type { Clock } from '../../core/clock.ts'
import type { Attempt, Parcel, Terminal } from '../../core/runtime.ts'
import { wholeMarkerOf } from '../../core/envelope.ts'
import type { Rung } from '../../core/ladder.ts'
import { withPicturesIn } from '../pictures.ts'
import { attach } from './attach.ts'
import { pause } from './interrupt.ts'
import { push } from './messaging.ts'
import type { Parcels } from '../parcels.ts'
import { isCommand, pieces } from './paste.ts'
import { findComposer } from './screen.ts'
import { readPeerToken, readSessionFile, type Own } from './session-file.ts'
import type { TurnEnd } from './turn-end.ts'

/** An idle Claude echoes within 50 ms; on a busy machine it may take longer. ms */
const echoPatience = 3_000

/** Longer than Claude takes to draw one screen. ms */
const frameMs = 40
const stepMs = 50

export interface RungParts {
  own: Own
  /** The agent's. */
  folder: string
  terminal: Terminal
  parcels: Parcels
  turnEnd: TurnEnd
  clock: Clock
  /** Resolves with what became of the marker, or null when `ms` are over. */
  echo(marker: string, ms: number): Promise<Attempt | null>
}

/** The ways into a running Claude. One offer at a time: two pastes must not mix. */
export async function offer(rung: Rung, parcel: Parcel, parts: RungParts): Promise<Attempt> {
  switch (rung) {
    case 'push':
      return await pushed(parcel, parts)
    case 'paste':
      return await pasted(parcel, parts)
    case 'turn-end':
      return await held(parcel, parts)
    case 'fetch':
      return refused('Claude fetches through its tools, by itself')
  }
}

async function pushed(parcel: Parcel, parts: RungParts): Promise<Attempt> {
  const file = await readSessionFile(parts.own)
  if (file === null) return refused('Claude has no session yet')
  if (file.messagingSocketPath === null) return refused('this version of Claude opens no messaging socket')
  const token = await readPeerToken(parts.own.folder, parts.own.pid)
  if (token === null) return refused('the key of the messaging socket cannot be read')
  parts.parcels.add(parcel, 'push')
  const done = await push(file.messagingSocketPath, token, parcel.text)
  if (!done.ok) {
    parts.parcels.forget(parcel)
    return refused(`the messaging socket: ${done.why}`)
  }
  parts.turnEnd.drop(parcel)
  if (file.status === 'idle') return (await parts.echo(parcel.marker, echoPatience)) ?? taken('written to the messaging socket')
  return taken(file.status === 'waiting' ? 'queued until the question is answered' : 'queued for the next tool result or turn')
}

async function pasted(parcel: Parcel, parts: RungParts): Promise<Attempt> {
  if (isCommand(parcel.text)) return refused('its first character would make it a command')
  const file = await readSessionFile(parts.own)
  if (file?.status !== 'idle') return refused(`Claude is ${file?.status ?? 'not ready'}: only an idle prompt takes a paste`)
  const left = await enterLeft(parts)
  if (left !== null) {
    const entered = left === parcel.marker ? await parts.echo(left, echoPatience) : null
    return entered?.result === 'proved' ? entered : refused('what was typed before, and not entered, was entered first')
  }
  const why = await whyNoPaste(parts)
  if (why !== null) return refused(why)
  parts.parcels.add(parcel, 'paste')
  parts.turnEnd.drop(parcel)
  const words = pieces(parcel.text).map((paste) => ({ paste }))
  const echo = await withPicturesIn(join(parts.folder, 'attachments'), parcel, async (pictures) => {
    if (pictures.length > 0) {
      await parts.terminal.type(words)
      await attach(pictures, parts.terminal, parts.clock)
    }
    await parts.terminal.type([...(pictures.length > 0 ? [] : words), { keys: ['Enter'] }])
    return await parts.echo(parcel.marker, echoPatience)
  })
  if (echo !== null) return echo
  // The Enter may have gone to a viewer's copy mode.
  if (await stillStands(parcel, parts)) await parts.terminal.type([{ keys: ['Enter'] }])
  return (await parts.echo(parcel.marker, echoPatience)) ?? taken('pasted, but Claude has not said that it took it')
}

/** Whether what was pasted waits for another Enter: into a question that has come up meanwhile it would be a yes, into a person's words an end. */
async function stillStands({ marker }: Parcel, { own, terminal }: RungParts): Promise<boolean> {
  const composer = findComposer(await terminal.screen({ escapes: true }))
  if (composer !== null) return composer.mode === '❯' && composer.text.replaceAll(/\s+/g, '').includes(marker)
  // A box that is higher than the screen is none to be found; nor is one below a question.
  return (await readSessionFile(own))?.status === 'idle'
}

/**
 * Enters a message that an earlier paste, perhaps an earlier daemon's, has left in the input box: troupe's own words are no draft of a
 * person's. Its marker; null where none stands there whole and alone.
 */
async function enterLeft({ terminal, clock }: RungParts): Promise<string | null> {
  const standing = async (): Promise<string | null> => {
    const composer = findComposer(await terminal.screen({ escapes: true }))
    return composer?.mode === '❯' ? wholeMarkerOf(composer.text) : null
  }
  const marker = await standing()
  if (marker === null) return null
  await terminal.type([{ keys: ['Enter'] }])
  const end = clock.elapsed() + echoPatience
  while ((await standing()) === marker && clock.elapsed() < end) await pause(clock, stepMs)
  return marker
}

/** Looks twice: a screen can be caught in the middle of being drawn. */
export async function whyNoPaste({ terminal, clock }: Pick<RungParts, 'terminal' | 'clock'>): Promise<string | null> {
  for (const wait of [0, frameMs]) {
    if (wait > 0) await pause(clock, wait)
    const composer = findComposer(await terminal.screen({ escapes: true }))
    if (composer === null) return 'no input box is on the screen'
    if (composer.mode !== '❯' || composer.text !== '') return 'somebody is writing in the input box'
  }
  return null
}

async function held(parcel: Parcel, parts: RungParts): Promise<Attempt> {
  const file = await readSessionFile(parts.own)
  if (file?.status === 'idle') return refused('the turn is over')
  // A no to its question ends the turn without the hook that would hand this over.
  if (file?.status === 'waiting') return refused('its turn waits for an answer, and may end without one')
  parts.parcels.add(parcel, 'turn-end')
  parts.turnEnd.hold(parcel)
  return taken('held for the end of the turn')
}

function refused(why: string): Attempt {
  return { result: 'refused', why }
}

function taken(what: string): Attempt {
  return { result: 'taken', what }
}
