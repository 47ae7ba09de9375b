/** The agent CLIs as people name them on a command line. By itself: help and completion load nothing else for it. */
export const providerWords = ['claude', 'codex', 'gemini', 'opencode'] as const
