import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { fixtureServer } from './fixture-server.ts';

const [behaviourFile = ''] = process.argv.slice(2);
serveStdio(() => fixtureServer(behaviourFile));
// One that does not care about the end of its input, or of its parent.
process.stdin.on('close', () => {});
setInterval(() => {}, 60_000);
