import type { Question } from './protocol.ts'
import { short } from '../short.ts'

/** What Codex waits for, and how a person answers it or is spared it the next time. */
export interface Dialog {
  what: string
  fix: string
}

const select = 'choose with the arrow keys, confirm with Enter'

/** Before there is a conversation. Nothing that an agent says is on such a screen. */
const startDialogs: [RegExp, Dialog][] = [
  [/Trust this folder\?|Do you trust the contents of this directory/, { what: 'whether this folder is trusted', fix: `${select}; troupe tells Codex of the folder in its own config.toml` }],
  [/Hooks need review/, { what: 'a review of hooks', fix: `${select}: without troupe’s own hooks no call is held` }],
  [/Sign in with ChatGPT|Paste or type your API key/, { what: 'a login', fix: 'log in there, or run `codex login` once by yourself, or set OPENAI_API_KEY' }],
  [/Update available|A new version of Codex/i, { what: 'whether to update Codex', fix: select }],
  [/Select Model and Effort|Choose how you'd like Codex to proceed|introducing|new model/i, { what: 'a choice of model', fix: select }],
  [/Choose working directory to resume/, { what: 'in which folder to resume its conversation', fix: select }],
]

export function findStartDialog(screen: string): Dialog | null {
  return startDialogs.find(([pattern]) => pattern.test(screen))?.[1] ?? null
}

export const unknownQuestion: Dialog = { what: 'a permission', fix: `${select}; Escape refuses, and ends its turn` }

/** What its app-server asks whoever is connected. The words are the model's. */
export function dialogOf(question: Question): Dialog & { evidence: string } {
  switch (question.method) {
    case 'item/commandExecution/requestApproval':
      return { what: 'permission for a command', fix: unknownQuestion.fix, evidence: `asks for ${short(question.params.command ?? 'a command')}` }
    case 'item/fileChange/requestApproval':
      return { what: 'permission to change files', fix: unknownQuestion.fix, evidence: `asks to change files: ${short(question.params.reason ?? 'no reason given')}` }
    case 'item/permissions/requestApproval':
      return { what: 'wider permissions', fix: unknownQuestion.fix, evidence: `asks for wider permissions: ${short(question.params.reason ?? 'no reason given')}` }
    case 'item/tool/requestUserInput':
      return { what: `an answer to its question: ${short(question.params.questions[0]?.question ?? '')}`, fix: select, evidence: 'asks its user' }
    case 'mcpServer/elicitation/request':
      return { what: `permission for a tool of ${short(question.params.serverName)}`, fix: unknownQuestion.fix, evidence: short(question.params.message) }
  }
}
