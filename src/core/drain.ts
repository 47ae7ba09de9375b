import { activityOf, type Phase } from './phase.ts'

/**
 * What an agent gets before it is ended. `ask`: a `save` control message. `until`: what is waited for, never longer than
 * the drain time-out; `ready` is its own word, or the end of the turn in which it was asked.
 */
export interface LastWords {
  ask: boolean
  until: 'nothing' | 'idle' | 'ready'
}

const none: LastWords = { ask: false, until: 'nothing' }

/**
 * An idle agent whose conversation is taken up again has nothing to lose: it is asked nothing, and costs no turn. One
 * that would lose what it did (`worked`: it had a turn since it began or saved last) is asked, for one turn. A turn that
 * runs is asked too, which costs no other, and may come to its end. A question or a limit lets no agent answer, nor does
 * a program without the team's tools (`answers`).
 */
export function lastWords(phase: Phase, { resumes, worked, answers }: { resumes: boolean; worked: boolean; answers: boolean }): LastWords {
  switch (activityOf(phase)) {
    case 'busy':
      return { ask: answers, until: resumes || !answers ? 'idle' : 'ready' }
    case 'idle':
      return resumes || !worked || !answers ? none : { ask: true, until: 'ready' }
    default:
      return none
  }
}

/** The words of the control message. */
export function saveText(why: string, contextFile: string, ms: number): string {
  return [
    `You are about to be stopped (${why}), in ${Math.ceil(ms / 1000)} s at the latest.`,
    `Write what you must not forget to ${contextFile} now, in a few lines: what you were doing, what is done, what comes next.`,
    'Then call the tool ready of the MCP server "team" and end your turn. Begin nothing new.',
  ].join('\n')
}
