import { nodeApp } from '../../../testing/project-folder.ts';
import { waitFor } from '../../../testing/wait-for.ts';

/** A Node app that runs what it is sent, after it has answered. */
export const remoteApp: Record<string, string> = {
  ...nodeApp(''),
  'server.js': `
    globalThis.throwUp = function throwUp(message) { throw new TypeError(message); };
    require('node:http').createServer((request, response) => {
      let code = '';
      request.on('data', (data) => { code += data; });
      request.on('end', () => response.end('ok', () => setImmediate(() => eval(code))));
    }).listen(process.env.PORT, process.env.HOST);
  `,
};

/** As soon as the app answers: it may be started again in this moment. */
export async function runIn(port: number, code: string): Promise<void> {
  await waitFor('the app to answer', async () => (await fetch(`http://localhost:${port}`)).ok);
  const response = await fetch(`http://localhost:${port}`, { method: 'POST', body: code });
  if (!response.ok) throw new Error(`the app answered ${response.status}`);
  await response.text();
}
