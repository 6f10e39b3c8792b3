import { createClient } from '@borgos/sdk';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createProtocolServer } from './mcp/protocol-server.ts';
import { help, readStdioOptions, StdioUsageError } from './mcp/stdio/options.ts';
import { createRemoteHost } from './mcp/stdio/remote-host.ts';
import { readClientEnvironment, version } from './settings.ts';

/** Above what a deploy may take to be taken on. */
const timeoutMs = 60_000;
const notUnderstood = 64;

/** For the person: standard output is the protocol's alone. */
const warn = (message: string) => console.error(`borgos mcp: ${message}`);

try {
  // Behind the interpreter, the script and `mcp`.
  const options = readStdioOptions(process.argv.slice(3), readClientEnvironment());
  if (options) serve(options);
  else console.error(help);
} catch (error) {
  if (!(error instanceof StdioUsageError)) throw error;
  warn(error.message);
  process.exitCode = notUnderstood;
}

function serve({ url, token, choice }: NonNullable<ReturnType<typeof readStdioOptions>>): void {
  const client = createClient({ baseUrl: url, timeoutMs, ...(token && { token }) });
  const host = createRemoteHost({ client, url, choice, version, warn });
  const connection = serveStdio(() => createProtocolServer(host), {
    onerror: ({ message }) => warn(message),
  });
  // Whoever started this has gone, and with them everybody who could read an answer.
  process.stdin.once('close', () => {
    void connection.close().finally(() => process.exit());
  });
}
