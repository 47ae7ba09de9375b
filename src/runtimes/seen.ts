/**
 * Versions of the agent CLIs that the contract suite has run on, by the YAML word: the pins of scripts/setup/clis.mjs, as
 * a test checks. Another version may show its state in another way.
 */
export const seenVersions: Readonly<Record<string, readonly string[]>> = {
  'claude-code': ['2.1.329'],
  codex: ['0.169.0'],
  gemini: ['0.61.0'],
  opencode: ['1.18.33'],
}
