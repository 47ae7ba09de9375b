import { mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { alive } from '../../bin/find-node.mjs'
import { say } from './say.mjs'

/**
 * One set-up at a time in a checkout. The lock is a symlink to its owner's process id, so that it is made
 * whole in one call; one whose owner is gone is taken over.
 * @template T
 * @param {string} root
 * @param {() => Promise<T>} work
 */
export async function withLock(root, work) {
  const lock = join(root, '.node', 'setup.lock')
  mkdirSync(join(root, '.node'), { recursive: true })
  let told = false
  while (!take(lock)) {
    const owner = ownerOf(lock)
    if (owner !== null && !alive(owner)) {
      rmSync(lock, { force: true })
      continue
    }
    if (!told) say(`set-up: another one is under way (process ${owner ?? 'unknown'}), waiting for it`)
    told = true
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  try {
    return await work()
  } finally {
    rmSync(lock, { force: true })
  }
}

function take(lock) {
  try {
    symlinkSync(String(process.pid), lock)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function ownerOf(lock) {
  try {
    return Number(readlinkSync(lock))
  } catch {
    return null // let go just now
  }
}
