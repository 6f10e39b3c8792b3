import { posix } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { extract, type Header, pack } from 'tar-stream';
import type { KeptVolume } from '../../deployments/runtime.ts';
import type { Engine } from './engine.ts';
import { found } from './engine-errors.ts';

const mostOfPasswd = 1024 * 1024;
const writableByOthers = 0o002;

interface Owner {
  uid: number;
  gid: number;
}

/**
 * Gives the volumes of a created container to the user that its image runs as: a new one belongs to
 * root, and an app without privileges could not write into it. One that belongs to somebody else
 * already, as the image has that folder, is left as it is.
 */
export async function ownVolumes(
  engine: Engine,
  container: string,
  user: string,
  volumes: KeptVolume[],
): Promise<void> {
  if (volumes.length === 0) return;
  const owner = await ownerOf(engine, container, user);
  if (owner === undefined || owner.uid === 0) return;
  for (const { path } of volumes) {
    const folder = await firstEntry(engine, container, path);
    if (folder?.header.uid !== 0 || (folder.header.mode ?? 0) & writableByOthers) continue;
    const tar = pack();
    const header = { name: `${posix.basename(path)}/`, type: 'directory', ...owner } as const;
    tar.entry({ ...header, mode: folder.header.mode ?? 0o755 });
    tar.finalize();
    const archive = await buffer(tar);
    const target = { path: posix.dirname(path) };
    await engine.ask((docker) => docker.getContainer(container).putArchive(archive, target));
  }
}

/** By numbers: the name is known in the container only. `undefined`: there is no such user. */
async function ownerOf(
  engine: Engine,
  container: string,
  user: string,
): Promise<Owner | undefined> {
  const [name = '', group = ''] = user.split(':');
  if (name === '' || name === '0' || name === 'root') return { uid: 0, gid: 0 };
  const passwd = await firstEntry(engine, container, '/etc/passwd');
  const line = (passwd?.content ?? '')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([login, , uid]) => login === name || uid === name);
  const uid = Number(line?.[2] ?? name);
  const gid = /^\d+$/.test(group) ? Number(group) : Number(line?.[3] ?? 0);
  return Number.isSafeInteger(uid) && Number.isSafeInteger(gid) ? { uid, gid } : undefined;
}

/** What stands first in the archive of a path; of a folder that is the folder itself. */
async function firstEntry(
  engine: Engine,
  container: string,
  path: string,
): Promise<{ header: Header; content: string } | undefined> {
  const archive = await found(
    engine.ask((docker) => docker.getContainer(container).getArchive({ path }), { stream: true }),
  );
  if (archive === undefined) return undefined;
  const tar = extract();
  const stream = pipeline(archive as Readable, atMost(mostOfPasswd), tar).catch(() => {});
  try {
    for await (const entry of tar) {
      const isFile = entry.header.type === 'file';
      return { header: entry.header, content: isFile ? await text(entry) : '' };
    }
    return undefined;
  } finally {
    // The rest may be the gigabytes of a volume.
    tar.destroy();
    (archive as Readable).destroy();
    await stream;
  }
}

function atMost(bytes: number): Transform {
  let passed = 0;
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      passed += piece.length;
      done(passed > bytes ? new Error('it is too large') : null, piece);
    },
  });
}
