import { TroupeError } from '../../core/error.ts'
import { providerNamed } from '../../runtimes/index.ts'
import { providerWords } from '../../runtimes/provider-words.ts'
import type { Cli } from '../cli.ts'
import { examine } from '../doctor/checks.ts'
import type { Finding } from '../doctor/finding.ts'
import { noneUsable } from '../doctor/providers.ts'
import { settingOf } from '../doctor/setting.ts'
import type { Given } from '../given.ts'
import { count, escapeLine, pad, width } from '../text.ts'

/** Exit code 1 if something is wrong (and was not mended). */
export async function doctor(cli: Cli, given: Given): Promise<number> {
  const more = { drift: given.flag('drift'), only: onlyOf(given.text('provider')) }
  let found = await findings(cli, more)
  if (given.flag('fix') && (await mend(cli, given, found))) found = await findings(cli, more)
  cli.out.show(found.map(row), () => print(cli, found))
  return found.every((each) => each.ok) ? 0 : 1
}

/** The same rows as `--json` prints. */
export function row({ check, ok, reason, fix, provider }: Finding): Omit<Finding, 'repair'> {
  return { check, ok, reason, fix, ...(provider === undefined ? {} : { provider }) }
}

export async function findings(cli: Cli, more: { drift: boolean; only: string | null } = { drift: false, only: null }): Promise<Finding[]> {
  const done = cli.out.progress('looking')
  try {
    const { setting, files } = await settingOf(cli, more.only)
    return [files, ...(await examine(setting, more))]
  } finally {
    done()
  }
}

/** The YAML word of an agent CLI that somebody names. */
function onlyOf(said: string | undefined): string | null {
  if (said === undefined) return null
  const found = providerNamed(said)
  if (found !== undefined) return found.runtime
  throw new TroupeError('usage', `there is no provider "${said}"`, { hint: `take ${providerWords.join(', ')}` })
}

function print({ out }: Cli, found: Finding[]): void {
  const column = Math.max(...found.map((each) => width(each.check)))
  for (const { check, ok, reason, fix, provider } of found) {
    // Nothing is wrong with a CLI that nobody needs, nor is it there.
    const good = provider?.viable === false ? out.color.dim('-  ') : out.color.green('ok ')
    out.line(`${ok ? good : out.color.red('BAD')}  ${pad(escapeLine(check), column)}  ${escapeLine(reason)}`)
    if (fix !== null) out.line(`     ${' '.repeat(column)}  ${out.color.bold('Try:')} ${escapeLine(fix)}`)
  }
  const bad = found.filter((each) => !each.ok)
  if (bad.length === 0) return out.say(noneUsable(found) ? 'Nothing is wrong, but no agent CLI can be used here yet: install one and log in. Without one: troupe rehearse' : 'Nothing is wrong.')
  const mendable = bad.filter((each) => each.repair !== undefined).length
  out.say(`${count(bad.length, 'thing')} wrong.${mendable === 0 ? '' : ` Try: troupe doctor --fix (mends ${mendable})`}`)
}

/** True if something was done. */
async function mend(cli: Cli, given: Given, found: Finding[]): Promise<boolean> {
  const repairs = found.flatMap((each) => (each.repair === undefined ? [] : [each.repair]))
  if (repairs.length === 0) return false
  if (!given.flag('yes') && !(await agreed(cli, repairs.map(({ what }) => what)))) return false
  for (const { what, run } of repairs) {
    run()
    cli.out.say(`Done: ${what}.`)
  }
  return true
}

async function agreed({ out, stdin }: Cli, whats: string[]): Promise<boolean> {
  if (stdin().isTTY !== true || out.json) {
    throw new TroupeError('usage', 'nothing was mended: there is nobody to ask', { hint: 'troupe doctor --fix -y', facts: { would: whats } })
  }
  const { confirm, isCancel } = await import('@clack/prompts')
  const sure = await confirm({ message: `${whats.map(escapeLine).join('; ')}?`, output: process.stderr })
  return !isCancel(sure) && sure
}
