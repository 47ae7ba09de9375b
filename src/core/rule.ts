import type { Agent } from './team.ts'

/** What a refusal goes back to, so that whoever meets it finds the line and the person who could change it. */
export interface Rule {
  /** As the team's files call it. */
  name: string
  /** Whose file says it; null: team-compose.yaml. */
  project: string | null
  /** Keys from the top of that file; null where no file sets it. */
  path: readonly (string | number)[] | null
  /** Who could allow it, and how. */
  allowedBy: string
}

const inFile = 'whoever may change that file, and then troupe up'

/** A key of an agent in its project's file. */
export function agentRule({ role, id, project }: Pick<Agent, 'role' | 'id' | 'project'>, key: string): Rule {
  return { name: key, project, path: [`${role}s`, id, key], allowedBy: inFile }
}

/** A key of team-compose.yaml, such as `limits.inbox_messages`. */
export function teamRule(name: string, allowedBy = inFile): Rule {
  return { name, project: null, path: name.split('.'), allowedBy }
}

/** Holds in every team. */
export function fixedRule(name: string, allowedBy: string): Rule {
  return { name, project: null, path: null, allowedBy }
}

/** ` (set at projects/shop.yaml:12; who could allow it: …)`, for the end of a sentence. */
export function ruleText({ name, path, allowedBy }: Rule, place: string | null): string {
  const where = path === null ? name : `${name}, ${place ?? 'a default'}`
  return `rule: ${where}; who could allow it: ${allowedBy}`
}
