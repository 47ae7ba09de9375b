import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { npm, npmHint, runStep } from './step.mjs'

/**
 * Do the installed npm packages differ from package-lock.json? npm's own hidden lockfile is the stamp:
 * it is written last, so an interrupted install has none.
 */
export function packagesMissing(root) {
  const wanted = packagesOf(join(root, 'package-lock.json'))
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'))
  return Object.entries(wanted ?? {}).some(
    ([path, entry]) => path !== '' && entry.optional !== true && entry.link !== true && installed?.[path]?.version !== entry.version,
  )
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return null // not there or cut short: everything is missing
  }
}

export function installPackages(root) {
  runStep({ what: 'npm packages', argv: npm('ci', '--include=dev'), cwd: root, hint: npmHint })
}
