/** The agent CLIs as people name them on a command line. By itself: help, completion and `status` load nothing else for it. */
export const providerWords = ['claude', 'codex', 'gemini', 'opencode'] as const

/** How people call what runs an agent, by its YAML word; a runtime of the team's own keeps its name. */
export function providerOf(runtime: string): string {
  return runtime === 'claude-code' ? 'claude' : runtime
}
