import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { load } from '../config/load.ts'
import { agentsOf, type Team } from '../core/team.ts'
import { isInside } from '../util/open-regular.ts'
import { known } from './read-team.ts'

/**
 * Files and folders that the team's YAML names, absolute, there or not: project files, what agents are told and taught, and
 * programs below the root that are run for them. `applied` counts besides, and alone where the files are wrong.
 */
export function namedFiles(root: string, applied: Team | null): string[] {
  const { team, origins } = load(root, known)
  const teams = [team, applied].filter((each) => each !== null)
  return [...new Set([...[...origins.projects.values()].map(({ file }) => file), ...teams.flatMap((each) => ofTeam(each))])]
}

function ofTeam(team: Team): string[] {
  const own = agentsOf(team).flatMap(({ rolePrompt, subagents, skills }) => [...rolePrompt, ...subagents, ...skills])
  return [...own, ...commandsOf(team).flatMap((words) => programIn(team.root, words))]
}

/** As lists of words. */
function commandsOf(team: Team): string[][] {
  const { scanner } = team.attachments
  return [
    ...agentsOf(team).flatMap(({ hooks, mcps }) => [...hooks.map(({ command }) => wordsOf(command)), ...Object.values(mcps).map(({ command, args }) => [command, ...args])]),
    ...team.rateLimits.hooks.map(({ command }) => command),
    ...(scanner === null ? [] : [wordsOf(scanner.command)]),
  ]
}

/** Of a line for a shell; what has blanks in it stands in quotes. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|[^\s'"]+/g)].map(([word, single, double]) => single ?? double ?? word)
}

/** The program, or the script that an interpreter is given: the first word that is a file below the root. What it works on is no part of the team. */
function programIn(root: string, words: readonly string[]): string[] {
  const paths = words.filter((word) => word.includes('/') && !word.includes('\0')).map((word) => resolve(root, word))
  const found = paths.find((path) => isInside(root, path) && statSync(path, { throwIfNoEntry: false })?.isFile() === true)
  return found === undefined ? [] : [found]
}
