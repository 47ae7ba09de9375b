import { runShim } from '../client/shim.ts'

/**
 * `troupe mcp`: the team's tools on stdin and stdout, for an agent's CLI that cannot use HTTP. Who it is comes from
 * its environment.
 */
const { TROUPE_MCP_URL: url, TROUPE_MCP_SOCKET: socket, TROUPE_AGENT_TOKEN: token } = process.env
if (token === undefined || (url === undefined && socket === undefined)) {
  process.stderr.write('troupe mcp: needs TROUPE_AGENT_TOKEN and TROUPE_MCP_URL or TROUPE_MCP_SOCKET, which agents have\n')
  process.exit(2)
}
process.stdout.on('error', () => process.exit(0)) // the CLI that read us is gone
await runShim({
  address: { url: url ?? 'http://localhost/mcp', socket: socket ?? null, token },
  stdin: process.stdin,
  stdout: process.stdout,
})
process.exit(0)
