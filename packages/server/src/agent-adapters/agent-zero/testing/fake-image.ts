import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { ensureBaseImage } from '../../../testing/base-image.ts';

/** An image in which a fake Agent Zero is as the real one in its own. Returns its name. */
export async function buildFakeImage(docker: Docker): Promise<string> {
  const name = `borgos-test/agent-zero:${process.pid}`;
  const program = ['node', 'testing/fake-agent-zero.ts', '--dockerized=true', '--port=80'];
  const tar = pack();
  tar.entry(
    { name: 'Dockerfile' },
    [
      `FROM ${await ensureBaseImage(docker)}`,
      'LABEL borgos.test=true',
      'WORKDIR /a0',
      'COPY access.ts /a0/',
      'COPY testing /a0/testing',
      `CMD ${JSON.stringify([...program, '--host=0.0.0.0'])}`,
    ].join('\n'),
  );
  for (const file of ['access.ts', 'testing/fake-agent-zero.ts']) {
    tar.entry({ name: file }, await readFile(path.join(import.meta.dirname, '..', file)));
  }
  tar.finalize();
  const options = { t: name, rm: true, forcerm: true };
  const answer = await docker.buildImage(Readable.from([await buffer(tar)]), options);
  let output = '';
  for await (const chunk of answer) output += String(chunk);
  if (!output.includes('Successfully built')) throw new Error(`${name} was not built: ${output}`);
  return name;
}
