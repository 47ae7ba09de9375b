import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { sha256 } from './event.ts'

/**
 * What is kept of a passphrase, in hex: enough to check a proof, not to make one (RFC 5802, with scrypt). A proof holds for
 * one statement only; the passphrase itself never leaves the program that asked for it.
 */
export interface Verifier {
  salt: string
  /** N of scrypt; r is 8, p is 1. */
  cost: number
  stored: string
}

/** 32 MiB and about a tenth of a second for each guess. */
const cost = 32_768
const keyBytes = 32

export async function newVerifier(passphrase: string): Promise<Verifier> {
  const salt = randomBytes(16).toString('hex')
  return { salt, cost, stored: digest(await keyOf(passphrase, { salt, cost })) }
}

/** For whoever knows the passphrase: proof of it, for this statement. */
export async function proofOf(passphrase: string, verifier: Pick<Verifier, 'salt' | 'cost'>, statement: string): Promise<string> {
  const key = await keyOf(passphrase, verifier)
  return xor(key, mask(digest(key), statement)).toString('hex')
}

export function proves(proof: string, { stored }: Verifier, statement: string): boolean {
  if (!/^[0-9a-f]{64}$/.test(proof)) return false
  const key = xor(Buffer.from(proof, 'hex'), mask(stored, statement))
  return timingSafeEqual(Buffer.from(digest(key), 'hex'), Buffer.from(stored, 'hex'))
}

/** What is proved where one approval is given. */
export function approvalStatement({ id, hash }: { id: string; hash: string }): string {
  return `approve\n${id}\n${hash}`
}

/** And where another passphrase takes the place of this one. */
export function changeStatement(next: Pick<Verifier, 'stored'>): string {
  return `passphrase\n${next.stored}`
}

async function keyOf(passphrase: string, { salt, cost: N }: Pick<Verifier, 'salt' | 'cost'>): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    const options = { N, r: 8, p: 1, maxmem: 256 * N * 8 }
    scrypt(passphrase.normalize('NFKC'), Buffer.from(salt, 'hex'), keyBytes, options, (error, key) => (error === null ? resolve(key) : reject(error)))
  })
}

function mask(stored: string, statement: string): Buffer {
  return createHmac('sha256', Buffer.from(stored, 'hex')).update(statement).digest()
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, at) => byte ^ (b[at] ?? 0)))
}

function digest(key: Buffer): string {
  return sha256(key.toString('hex'))
}
