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
  return [...ofModel(opened, sessionId, wanted.model), ...ofMode(opened, sessionId, wanted.mode)]
}

/** The model that a session begins with; null where the agent does not tell. */
export function modelOf(opened: Opened): string | null {
  return optionOf(opened, 'model')?.currentValue ?? opened.models?.currentModelId ?? null
}

function ofModel(opened: Opened, sessionId: string, model: string | null): Choice[] {
  const option = optionOf(opened, 'model')
  if (model === null || modelOf(opened) === model) return []
  if (option !== undefined) return [{ method: 'session/set_config_option', params: { sessionId, configId: option.id, value: model } }]
  return opened.models ? [{ method: 'session/set_model', params: { sessionId, modelId: model } }] : []
}

function ofMode(opened: Opened, sessionId: string, wanted: PermissionMode): Choice[] {
  const name = modeNames[wanted]
  const mode = opened.modes?.availableModes.find(({ id }) => name?.test(id))
  if (mode !== undefined) return mode.id === opened.modes?.currentModeId ? [] : [{ method: 'session/set_mode', params: { sessionId, modeId: mode.id } }]
  const option = optionOf(opened, 'mode')
  const value = option?.options?.find((each) => typeof each.value === 'string' && name?.test(each.value))?.value
  return option === undefined || value === undefined || value === option.currentValue ? [] : [{ method: 'session/set_config_option', params: { sessionId, configId: option.id, value } }]
}

function optionOf({ configOptions }: Opened, what: string) {
  return configOptions?.find(({ category, id }) => (category ?? id) === what)
}
