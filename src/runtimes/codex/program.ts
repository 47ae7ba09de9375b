import { Installed, isOlder, unusable } from '../installed.ts'

/** The first version that this folder was measured with. */
const oldest = [0, 169, 0] as const
const install = 'npm install -g @openai/codex'

export const program = (): Installed =>
  new Installed({
    name: 'codex',
    variable: 'TROUPE_CODEX',
    install,
    probe: async (path, ask) => {
      const number = /(\d+)\.(\d+)\.(\d+)/.exec(await ask('--version'))
      if (number === null) return unusable(path, `${path} --version did not answer with a version`, `install it again: ${install}`)
      const [version, ...parts] = number
      const features = { remote: /--remote\b/.test(await ask('--help')), socket: (await ask('app-server', '--help')).includes('unix://PATH') }
      const health = { installed: true, program: path, version, features }
      if (isOlder(parts.map(Number), oldest)) return { ...health, problem: { why: `Codex ${version} is older than ${oldest.join('.')}, the first that was tried`, fix: install } }
      if (features.remote && features.socket) return { ...health, problem: null }
      return { ...health, problem: { why: `Codex ${version} has no app-server that its terminal could be used with`, fix: install } }
    },
  })
