// What `npm start`, `npm run admin` and `npm run mcp` run. Plain JavaScript, because an old Node.js must be able to read it, to say
// what is missing: the server itself is TypeScript that only a recent one runs.
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const oldest = 24;
const found = process.versions.node;

if (Number(found.split('.')[0]) < oldest) {
  console.error(`BorgOS needs Node.js ${oldest} or newer, and this is ${found} (${process.execPath}).

\`npm ci\` brings a Node.js of its own for Linux (glibc) and macOS, on x64 and arm64; it is not there.
- Was it left out? Install again with optional packages: npm ci --include=optional
- Was this file started directly? Start it so that Node.js is found: npm start
- Another system (${process.platform}, ${process.arch})? Install Node.js ${oldest} or newer: https://nodejs.org/`);
  process.exitCode = 1;
} else {
  // Compiling TypeScript is half of a start, and costs memory for as long as the server runs.
  module.enableCompileCache(
    fileURLToPath(new URL('../../node_modules/.cache/borgos', import.meta.url)),
  );
  if (process.argv[2] === 'admin') await import('./src/administration.ts');
  else if (process.argv[2] === 'mcp') await import('./src/mcp-stdio.ts');
  else await import('./src/main.ts');
  // It is ready by now; kept at once, as a process that is killed keeps nothing.
  module.flushCompileCache();
}
