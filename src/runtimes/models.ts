/** What the names of models look like, by runtime: a slip, or another provider's model, is found before anything starts. */
const models: Readonly<Record<string, { looks: RegExp; such: string }>> = {
  'claude-code': { looks: /^(default|best|opusplan|(opus|sonnet|haiku)(-\d[\d.]*)?(\[1m\])?)$|claude-/, such: 'opus, sonnet, haiku, or an id that begins with claude-' },
  codex: { looks: /^(gpt-|codex|o\d|computer-use)/, such: 'gpt-5.1-codex, or another id that begins with gpt-, codex or o3' },
  gemini: { looks: /^(models\/)?gemini-|^(auto|pro|flash|flash-lite)$/, such: 'gemini-2.5-pro, gemini-2.5-flash, or another id that begins with gemini-' },
  opencode: { looks: /^[^/\s]+\/\S+$/, such: 'PROVIDER/MODEL, as anthropic/claude-sonnet-4-5' },
}

/** Null where the model may be one of this runtime's; else what its models are called. */
export function notAModel(runtime: string, model: string): string | null {
  const known = Object.hasOwn(models, runtime) ? models[runtime] : undefined
  return known === undefined || known.looks.test(model) ? null : known.such
}
