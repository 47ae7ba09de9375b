import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { ToolCall } from '../../src/core/gate.ts'
import { onePixel } from '../fixtures/one-pixel.ts'
import { longPatience, until, type RuntimeStage } from './runtime-stage.ts'
import { on, overAgain, say, tell, Trials, type RuntimeSubject } from './runtime-subject.ts'

const picture = onePixel(0).toString('base64')

/** What it does by its tools, and who is asked before. */
export function runtimeCalls(subject: RuntimeSubject): void {
  const { abilities } = subject.make()
  const rungs = abilities.rungs.idle
  const trials = new Trials(subject, [
    on('PUSH', subject.shell('git push origin main'), say('pushed or not')),
    on('ASK-YES', subject.shell('touch yes'), say('asked and done')),
    on('ASK-NO', subject.shell('touch no'), say('asked and left')),
    on('LOOK', { do: 'tool', tool: 'look', args: {}, text: '', delay: 0 }, say('looked')),
  ])
  afterEach(async () => await trials.clear())
  const made = (stage: RuntimeStage, name: string) => existsSync(join(stage.cwd, name))

  describe('a call of its tools', { timeout: longPatience }, () => {
    if (abilities.gate) it('is seen before it runs: a push that nobody asked about is held, and its model told why', async () => {
      const stage = await trials.stage({ agent: { permissionMode: 'auto' } })
      const calls: ToolCall[] = []
      stage.verdict = ({ stage: at, call }) => {
        if (at === 'call') calls.push(call)
        return call.command?.includes('git push') === true ? { do: 'deny', why: 'not without a person of the team' } : { do: 'pass' }
      }
      const run = await trials.start(stage)
      const { from } = await tell(stage, run, 'PUSH', rungs)
      await until('the call is asked about', () => calls.some(({ command }) => command?.includes('git push origin main') === true))
      await overAgain(run, from)
      expect(calls.find(({ command }) => command !== null)).toMatchObject({ kind: 'shell', cwd: stage.cwd })
      expect(stage.pushed).toBe(false)
      expect(stage.asked.some((body) => body.includes('not without a person of the team'))).toBe(true)
    })

    if (!abilities.gate && abilities.prompts) it('that it asks leave for is held by the team’s rules before anybody is asked, and its model told', async () => {
      const stage = await trials.stage({ agent: { permissionMode: 'auto' } })
      const asked: string[] = []
      stage.verdict = ({ stage: at, call }) => {
        asked.push(`${at} ${call.command}`)
        return at === 'call' && call.command?.includes('git push') === true ? { do: 'deny', why: 'not without a person of the team' } : { do: 'pass' }
      }
      const run = await trials.start(stage)
      const { from } = await tell(stage, run, 'PUSH', rungs)
      await overAgain(run, from)
      expect(asked).toEqual(['call git push origin main'])
      expect(stage.pushed).toBe(false)
    })

    if (abilities.prompts) it('that its user is to be asked about is forwarded: a yes makes it, a no does not, and its turn ends well', async () => {
      const stage = await trials.stage()
      const prompts: string[] = []
      stage.verdict = ({ stage: at, call }) => {
        if (at === 'call' || call.command === null) return { do: 'pass' }
        prompts.push(call.command)
        return call.command.includes('touch yes') ? { do: 'allow', why: 'a person said so' } : { do: 'deny', why: 'a person said no' }
      }
      const run = await trials.start(stage)
      for (const [word, name, becomes] of [['ASK-YES', 'yes', true], ['ASK-NO', 'no', false]] as const) {
        const { from } = await tell(stage, run, word, rungs)
        await until('it is asked', () => prompts.some((command) => command.includes(`touch ${name}`)))
        await overAgain(run, from)
        expect({ word, made: made(stage, name) }).toEqual({ word, made: becomes })
      }
    })

    if (abilities.mcp) it('that answers with a picture shows it to the model, or does not, as its abilities say', async () => {
      const stage = await trials.stage({
        tools: (server) =>
          void server.registerTool('look', { description: 'Shows a picture.' }, () => ({ content: [{ type: 'image', data: picture, mimeType: 'image/png' }] })),
      })
      stage.verdict = () => ({ do: 'allow', why: 'the team’s own tool' })
      const run = await trials.start(stage)
      const { from } = await tell(stage, run, 'LOOK', rungs)
      await overAgain(run, from)
      expect(stage.model.requests().at(-1)?.text).toBe('looked')
      expect(stage.asked.some((body) => body.includes(picture))).toBe(abilities.images.tool)
    })
  })
}
