import { expect, test } from 'vitest'
import { parse, type Request } from './program.ts'
import { commands, groups, type Command } from './tree/index.ts'

async function read(...argv: string[]): Promise<{ request: Request; printed: string }> {
  const printed: string[] = []
  const write = (text: string): void => void printed.push(text)
  const request = await parse(argv, { version: '1.2.3', write, writeError: write, columns: 80 })
  return { request, printed: printed.join('') }
}

async function given(...argv: string[]) {
  const { request } = await read(...argv)
  if (request.do !== 'run') throw new Error('nothing to run')
  return request.given
}

test('global flags stand before or after the command', async () => {
  for (const argv of [['-C', '/team', '--json', 'ps', '--watch'], ['ps', '--watch', '-C', '/team', '--json']]) {
    const found = await given(...argv)
    expect([found.text('root'), found.flag('json'), found.flag('watch')]).toEqual(['/team', true, true])
  }
})

test('arguments have their names', async () => {
  const found = await given('send', 'dev', 'run', 'the', 'tests', '--priority', 'low')
  expect([found.required('agent'), found.words('text'), found.text('priority')]).toEqual(['dev', ['run', 'the', 'tests'], 'low'])
  expect((await given('up')).words('agents')).toEqual([])
})

test('a typo is answered with the nearest command', async () => {
  await expect(read('pss')).rejects.toMatchObject({ code: 'usage', message: 'there is no command "pss"', hint: 'troupe ps; to say it to the lead: troupe prompt pss' })
  await expect(read('statsu')).rejects.toMatchObject({ hint: 'troupe status; to say it to the lead: troupe prompt statsu' })
  await expect(read('xyzzyx')).rejects.toMatchObject({ hint: 'troupe --help' })
  await expect(read('daemon', 'statsu')).rejects.toMatchObject({ hint: 'troupe daemon status' })
  await expect(read('budget', 'alow', 'p', '5')).rejects.toMatchObject({ message: 'there is no command "budget alow"', hint: 'troupe budget allow' })
})

test('so is a mistyped flag', async () => {
  await expect(read('ps', '--wacth')).rejects.toMatchObject({ code: 'usage', message: "unknown option '--wacth'", hint: '--watch' })
})

test('a command of a later version is not called unknown', async () => {
  await expect(read('task')).rejects.toMatchObject({ code: 'usage', message: 'troupe task is not available in this version' })
})

test('a command of teamctl’s is told what there is instead', async () => {
  await expect(read('sessions', 'kill', 'shop')).rejects.toMatchObject({ code: 'usage', message: '"sessions" is a command of teamctl, not of troupe', hint: expect.stringContaining('troupe list') })
})

test('what is missing or too much is named', async () => {
  await expect(read('kill')).rejects.toMatchObject({ code: 'usage', message: "missing required argument 'agents'" })
  await expect(read('usage', 'extra')).rejects.toMatchObject({ code: 'usage' })
})

test('help shows examples before everything else', async () => {
  const { request, printed } = await read('ps', '--help')
  expect(request).toEqual({ do: 'nothing', exitCode: 0 })
  expect(printed.indexOf('Examples:')).toBeLessThan(printed.indexOf('Usage:'))
  expect(printed).toContain('troupe ps --watch')
  expect((await read('--help')).printed).toContain('Agents:')
})

test('the version is printed', async () => {
  expect((await read('--version')).printed).toBe('1.2.3\n')
})

/** Every command a person can type, with its full name. */
function allCommands(): { path: string; command: Command }[] {
  const walk = (command: Command, prefix: string): { path: string; command: Command }[] => {
    const path = `${prefix}${command.name}`
    const own = command.run === undefined ? [] : [{ path, command }]
    return [...own, ...(command.commands ?? []).flatMap((sub) => walk(sub, `${path} `))]
  }
  return commands.flatMap((command) => walk(command, ''))
}

test('every command has a line about it and an example', () => {
  const shown = allCommands().filter(({ command }) => command.hidden !== true)
  expect(shown.length).toBeGreaterThan(20)
  for (const { path, command } of shown) {
    expect(command.about, path).toMatch(/^[A-Z].*[^.]$/)
    expect(command.examples?.length, path).toBeGreaterThan(0)
  }
  const names = groups.flatMap((group) => group.commands.flatMap((command) => [command.name, command.alias ?? command.name]))
  const aliases = groups.flatMap((group) => group.commands.filter((command) => command.alias !== undefined))
  expect(new Set(names).size).toBe(groups.flatMap((group) => group.commands).length + aliases.length)
})
