/** US dollars as whole billionths: exact up to nine million dollars. Outside they are decimal strings. */
export type Nano = number

const perUsd = 1_000_000_000

/** Of a figure with at most nine decimals, as people write it in YAML. */
export function nanoOf(usd: number): Nano {
  return Math.round(usd * perUsd)
}

/** Exact, at least two decimals: `5.11`, `0.000125`. */
export function usdText(nano: Nano): string {
  const [sign, all] = nano < 0 ? ['-', -nano] : ['', nano]
  const rest = String(all % perUsd).padStart(9, '0').replace(/0{1,7}$/, '')
  return `${sign}${Math.floor(all / perUsd)}.${rest}`
}

/** Null for what is not a plain decimal number of dollars above zero. */
export function parseUsd(text: string): Nano | null {
  const found = /^\$?(\d{1,6})(?:\.(\d{1,9}))?$/.exec(text.trim())
  if (found === null) return null
  const nano = Number(found[1]) * perUsd + Number((found[2] ?? '').padEnd(9, '0'))
  return nano > 0 ? nano : null
}

/** What was spent, as far as its prices are known. */
export interface Sum {
  nano: Nano
  /** Model calls whose price is not known: they are not in `nano`. */
  unpriced: number
}

export const noSum: Sum = { nano: 0, unpriced: 0 }

export function plus(a: Sum, b: Sum): Sum {
  return { nano: a.nano + b.nano, unpriced: a.unpriced + b.unpriced }
}

/** For the eye: `$5.11`, `$5.11 and 2 calls of unknown price`. */
export function sumText({ nano, unpriced }: Sum): string {
  return `$${usdText(nano)}${unpriced === 0 ? '' : ` and ${unpriced} call${unpriced === 1 ? '' : 's'} of unknown price`}`
}
