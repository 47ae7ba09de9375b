/** The agent CLIs as people name them on a command line. By itself: help, completion and `status` load nothing else for it. */
export const providerWords = ['claude', 'codex', 'gemini', 'opencode'] as const

/** How people call what runs an agent, by its YAML word; a runtime of the team's own keeps its name. */
export function providerOf(runtime: string): string {
  return runtime === 'claude-code' ? 'claude' : runtime
}

/** The YAML word for what a person said, of those on offer; what is neither stays as it was said. */
export function runtimeOf(said: string, words: readonly string[]): string {
  return words.find((word) => word === said || providerOf(word) === said) ?? said
}
