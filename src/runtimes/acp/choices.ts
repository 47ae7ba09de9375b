import type { PermissionMode } from '../../core/team.ts'
import type { Opened } from './messages.ts'

export interface Choice {
  method: string
  params: Record<string, unknown>
}

/** What agents call the modes of ours that a session can be put into; the others are the way in which it begins. */
const modeNames: { [mode in PermissionMode]?: RegExp } = { plan: /^plan$/i, bypass: /^(yolo|bypassPermissions|bypass|full-access)$/ }

/** What is left to be chosen in a session that was opened: its model and its mode, where the agent has a choice of that. */
export function choicesOf(opened: Opened, sessionId: string, wanted: { model: string | null; mode: PermissionMode }): Choice[] {
  const option = opened.configOptions?.find(({ category, id }) => (category ?? id) === 'model')
  const mode = opened.modes?.availableModes.find(({ id }) => modeNames[wanted.mode]?.test(id))
  return [
    ...(wanted.model === null || option === undefined ? [] : [{ method: 'session/set_config_option', params: { sessionId, configId: option.id, value: wanted.model } }]),
    ...(wanted.model === null || option !== undefined || !opened.models ? [] : [{ method: 'session/set_model', params: { sessionId, modelId: wanted.model } }]),
    ...(mode === undefined || mode.id === opened.modes?.currentModeId ? [] : [{ method: 'session/set_mode', params: { sessionId, modeId: mode.id } }]),
  ]
}
