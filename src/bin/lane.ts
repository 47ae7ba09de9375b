import { parseArgs } from 'node:util'
import { Lane } from './lane/lane.ts'
import { laneViews } from '../util/lane-link.ts'

/**
 * `lane --folder DIR --socket PATH --view FORM [--input FILE] -- PROGRAM ARG…`: the agent's process in its terminal, for a CLI
 * that talks lines and no screen. It owns the CLI's streams, shows what is said, keeps all of it (in DIR), and serves it on
 * a socket to whoever looks after the agent: that one may be killed and come again. With --input the file is all that the CLI
 * is told. Keys: a line goes to whoever looks after the agent; Ctrl-C or Escape asks for an interrupt, a second Ctrl-C within
 * two seconds ends the CLI, and so does Ctrl-D.
 * Ends as the CLI does (its exit code, its signal), once the daemon has heard all, or a minute later.
 */

const { values, positionals } = parseArgs({
  options: { folder: { type: 'string' }, socket: { type: 'string' }, view: { type: 'string' }, input: { type: 'string' } },
  allowPositionals: true,
})
const { folder, socket, input } = values
const view = laneViews.find((each) => each === values.view)
if (folder === undefined || socket === undefined || view === undefined || positionals.length === 0) {
  process.stderr.write('troupe lane: needs --folder, --socket, --view and a command; it is started by troupe itself\n')
  process.exit(2)
}
await new Lane({ folder, socket, view, input: input ?? null, argv: positionals }).run()
