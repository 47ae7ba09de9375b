import { expect, it } from 'vitest'
import { approvalStatement, changeStatement, newVerifier, proofOf, proves } from './proof.ts'

it('proves one statement, with the right passphrase, and nothing else', async () => {
  const verifier = await newVerifier('correct horse')
  const [one, two] = [approvalStatement({ id: 'a', hash: 'h' }), approvalStatement({ id: 'b', hash: 'h' })]
  const proof = await proofOf('correct horse', verifier, one)
  expect(proves(proof, verifier, one)).toBe(true)
  expect(proves(proof, verifier, two)).toBe(false)
  expect(proves(proof, verifier, changeStatement(verifier))).toBe(false)
  expect(proves(await proofOf('correct hors', verifier, one), verifier, one)).toBe(false)
  for (const broken of ['', 'xx', verifier.stored, proof.slice(2)]) expect(proves(broken, verifier, one)).toBe(false)
  expect((await newVerifier('correct horse')).stored).not.toBe(verifier.stored)
})
