import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A directory with some files in it, gone when the test is over: `await using folder = …`. */
export async function makeProjectFolder(
  files: Record<string, string> = {},
): Promise<
  { path: string; write(files: Record<string, string>): Promise<void> } & AsyncDisposable
> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'borgos-project-')));
  async function write(files: Record<string, string>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(folder, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, content);
    }
  }
  await write(files);
  return {
    path: folder,
    write,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** A Node app that answers `text` to everything, says so when it starts, and ends on SIGTERM. */
export function nodeApp(text: string): Record<string, string> {
  return {
    'package.json': JSON.stringify({ name: 'app', main: 'server.js' }),
    'server.js': `
      const server = require('node:http').createServer((request, response) => {
        if (request.url === '/env') return response.end(JSON.stringify(process.env));
        response.end(${JSON.stringify(text)});
      });
      server.listen(process.env.PORT, process.env.HOST, () => console.log('listening: ' + ${JSON.stringify(text)}));
      process.on('SIGTERM', () => server.close(() => process.exit(0)));
    `,
  };
}
