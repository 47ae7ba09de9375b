/** Shorter values are words that would be taken out of everything. */
const shortest = 5
const mark = '[secret]'

/** Forms in which secrets are known to come, whoever made them. Group 1, where there is one, stays. */
const patterns: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g,
  /\b((?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}/gi,
  /([a-z][a-z0-9+.-]*:\/\/)[^\s/:@"']*:[^\s/@"']+@/gi, // user and password in a URL
  /\btro_[\w-]{20,}/g,
  /\bsk-[\w-]{16,}/g,
  /\b(?:gh[pousr]_|github_pat_)\w{20,}/g,
  /\bglpat-[\w-]{16,}/g,
  /\bxox[a-z]-[\w-]{10,}/g,
  /\bAKIA[0-9A-Z]{16}\b/g,
  /\bAIza[\w-]{30,}/g,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  /\b\d{8,10}:[\w-]{30,}/g, // a chat bot's token
  /([\w-]*(?:token|secret|passw(?:or)?d|passphrase|api[_-]?key|authorization|credentials?)(?![\w-]*_env)[\w-]*["']?\s*[:=]\s*["']?)(?!\d+\b|\[secret\])[^\s"',;{}[\]\\]{4,}/gi,
]

/**
 * Takes secrets out of a text: these values, also as JSON and URLs write them and where a terminal broke them into
 * lines, and whatever looks like a token. JSON stays JSON.
 */
export function scrubber(secrets: Iterable<string>): (text: string) => string {
  const values = [...new Set(secrets)].filter((value) => value.trim().length >= shortest).toSorted((a, b) => b.length - a.length)
  const known = values.flatMap(forms).map((form) => new RegExp(broken(form), 'g'))
  return (text) => {
    const without = known.reduce((left, value) => left.replace(value, mark), text)
    return patterns.reduce((left, pattern) => left.replace(pattern, (_, kept: unknown) => `${typeof kept === 'string' ? kept : ''}${mark}`), without)
  }
}

function forms(value: string): string[] {
  return [...new Set([value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value.toWellFormed())])]
}

/** Long values with breaks and frames between any two characters. */
function broken(value: string): string {
  const characters = [...value].map((each) => each.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`))
  return characters.join(value.length < 12 ? '' : String.raw`(?:\\n|[\s│|↵])*`)
}

/** Enough of a secret to tell it from another one: its last four characters, nothing of a short one. */
export function masked(secret: string): string {
  return `****${secret.length < 12 ? '' : secret.slice(-4)}`
}
