import { readdirSync, readFileSync } from 'node:fs'

/** One process of a team: what it is there, and what its parent is. */
export interface Member {
  pid: number
  /** `daemon`, `keeper`, `control`, `tmux server`, `hold`, `log`, `child of p:x`, `p:x`; a command line for anything else. */
  role: string
  /** Role of the parent; null where that is not one of the team. */
  parent: string | null
  incarnation: string | null
}

interface Seen {
  pid: number
  parent: number
  command: string
  env: string
}

/** Every process that carries the folder of a team in its command line or environment, by what it is. Linux. */
export function census(folder: string): Member[] {
  const seen = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? read(Number(name)) : []))
  const ours = new Map(seen.filter((each) => each.pid !== process.pid && `${each.command}\0${each.env}`.includes(folder)).map((each) => [each.pid, each]))
  return [...ours.values()].map((each) => {
    const parent = ours.get(each.parent)
    return { pid: each.pid, role: roleOf(each, ours), parent: parent === undefined ? null : roleOf(parent, ours), incarnation: variable(each, 'TROUPE_INCARNATION') }
  })
}

function roleOf(each: Seen, ours: ReadonlyMap<number, Seen>): string {
  const agent = variable(each, 'TROUPE_AGENT')
  const parent = ours.get(each.parent)
  if (agent !== null) return parent !== undefined && variable(parent, 'TROUPE_AGENT') === agent ? `child of ${agent}` : agent
  if (each.command.includes('/daemon.js --root')) return 'daemon'
  if (each.command.includes('/keeper.js --root')) return 'keeper'
  if (/^tmux .* -C /.test(each.command)) return parent === undefined ? 'tmux server' : 'control'
  if (each.command.startsWith('tail -f /dev/null')) return 'hold'
  if (each.command.startsWith('cat')) return 'log'
  return each.command
}

function variable({ env }: Seen, name: string): string | null {
  const entry = env.split('\0').find((each) => each.startsWith(`${name}=`))
  return entry?.slice(name.length + 1) ?? null
}

/** Nothing for one that is gone, or dead and not yet waited for. */
function read(pid: number): Seen[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (state === 'Z' || state === 'X') return []
    const text = (name: string): string => readFileSync(`/proc/${pid}/${name}`, 'utf8')
    return [{ pid, parent: Number(parent), command: text('cmdline').replaceAll('\0', ' ').trim(), env: text('environ') }]
  } catch {
    return [] // gone, or another user's
  }
}
