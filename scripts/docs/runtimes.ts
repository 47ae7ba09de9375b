import type { Abilities } from '../../src/core/runtime.ts'
import type { Mode } from '../../src/core/team.ts'
import { loadRuntime, runtimeNames } from '../../src/runtimes/index.ts'
import { seenVersions } from '../../src/runtimes/seen.ts'
import { table } from './cli.ts'

const about: Record<Mode, string> = {
  terminal: 'In its terminal, as a person would use it. The default.',
  protocol: 'Over its protocol; the terminal shows what goes on.',
  oneshot: 'One task from start to end.',
}

/** What a row says, and how it is read from the abilities that a runtime declares. */
const rows: [string, (abilities: Abilities) => string][] = [
  ['a message while it is idle comes by', ({ rungs }) => words(rungs.idle)],
  ['while it works', ({ rungs }) => words(rungs.busy)],
  ['while it waits for a person', ({ rungs }) => words(rungs.waiting)],
  ['what proves that a message was taken in', ({ proofs }) => words(proofs)],
  ['each tool call is seen before it is made, and can be held', ({ gate }) => yes(gate)],
  ['its own questions are forwarded (`permission_mode: manual`)', ({ prompts }) => yes(prompts)],
  ['interrupted in the middle of a turn', ({ interrupt }) => yes(interrupt)],
  ['resumes its conversation', ({ resume }) => yes(resume)],
  ['shortens its conversation when asked', ({ compact }) => yes(compact)],
  ['tokens of each model call are counted', ({ usage }) => (usage === 'told' ? 'as it tells' : yes(usage))],
  ['tells that a failing model is asked again', ({ retries }) => yes(retries)],
  ['knows when a used-up allowance is given again', ({ resets }) => yes(resets)],
  ['has the team’s tools', ({ mcp }) => yes(mcp)],
  ['shows its model the pictures of a message beside its words, where it comes by', ({ images }) => words(images.message)],
  ['shows its model the pictures that a tool answers with', ({ images }) => yes(images.tool)],
  ['settings of an agent that it acts upon', ({ settings }) => words(settings)],
]

/** docs/runtimes.md, made from the abilities that the runtimes declare and the contract suite checks. */
export async function runtimeTable(): Promise<string> {
  const sections = await Promise.all((Object.keys(about) as Mode[]).map(section))
  return [
    '<!-- Made by scripts/docs.ts from the abilities that src/runtimes/ declares. Do not edit. -->',
    '# What each agent CLI can do',
    '',
    'Every line is tried on the real program, from npm, by the contract suite in `test/contracts/`: what stands here is done, and what does not is checked to be',
    'absent. [Delivery](delivery.md) tells what the ways of a message are. A command of your own (`runtimes/NAME.yaml`) has messages pasted and proves nothing.',
    '',
    `Tested versions: ${Object.entries(seenVersions).map(([name, versions]) => `\`${name}\` ${versions.join(', ')}`).join('; ')}. \`troupe doctor --drift\` tells where another one is installed.`,
    ...sections.flat(),
    '',
  ].join('\n')
}

async function section(mode: Mode): Promise<string[]> {
  const names = runtimeNames.ready.filter((name) => (runtimeNames.modes[name] ?? ['terminal']).includes(mode))
  if (names.length === 0) return []
  const abilities = await Promise.all(names.map(async (name) => (await loadRuntime(name, null, mode)).abilities))
  return ['', `## \`mode: ${mode}\``, '', about[mode], '', ...table(['', ...names.map((name) => `\`${name}\``)], rows.map(([what, read]) => [what, ...abilities.map(read)]))]
}

function words(all: readonly string[]): string {
  return all.length === 0 ? '—' : all.join(', ')
}

function yes(can: boolean): string {
  return can ? 'yes' : '—'
}
