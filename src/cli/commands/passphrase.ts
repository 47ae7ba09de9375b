import { TroupeError } from '../../core/error.ts'
import { changeStatement, newVerifier, proofOf } from '../../core/proof.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { readPassphrase } from '../passphrase.ts'

/** Guessing a shorter one offline takes hours. */
const shortest = 8

/** Only what a proof can be checked with goes to the daemon. */
export async function passphrase(cli: Cli, given: Given): Promise<void> {
  const next = await readPassphrase(given, 'New passphrase: ')
  if ([...next].length < shortest) throw new TroupeError('usage', `a passphrase of fewer than ${shortest} characters is too easily guessed`, { hint: 'take several words' })
  if (given.count('passphraseFd') === undefined && (await readPassphrase(given, 'Again: ')) !== next) throw new TroupeError('usage', 'the two are not the same', { hint: 'nothing was changed' })
  const verifier = await newVerifier(next)
  const set = async (proof?: string): Promise<void> => void (await cli.call('approval.passphrase', { ...verifier, ...(proof === undefined ? {} : { proof }) }, 'setting the passphrase'))
  await set().catch(async (error: unknown) => {
    if (!(error instanceof TroupeError) || error.facts['confirm'] !== 'change') throw error
    const old = await readPassphrase(given.as('passphraseFd', given.text('oldPassphraseFd')), 'The one so far: ')
    await set(await proofOf(old, challengeOf(error), changeStatement(verifier)))
  })
  cli.out.say('The passphrase is set. hitl.confirm: passphrase in team-compose.yaml makes every approve ask for it.')
}

/** What the daemon says a proof is made with. */
export function challengeOf({ facts }: TroupeError): { salt: string; cost: number } {
  return { salt: String(facts['salt']), cost: Number(facts['cost']) }
}
