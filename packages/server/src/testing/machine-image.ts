import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { access, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { pack } from 'tar-stream';

const run = promisify(execFile);

/** A file of an image: copied from the machine, or with the given content, or a link or folder. */
type ImageFile =
  | { path: string; from: string }
  | { path: string; content: string }
  | { path: string; link: string }
  | { path: string; folder: { mode: number; owner: number } };

/** What makes a system of it, besides the shell: what Dockerfiles commonly call. */
const tools = [
  ...['sh', 'env', 'cat', 'ls', 'mkdir', 'rm', 'cp', 'mv', 'ln', 'chmod', 'chown', 'touch'],
  ...['sleep', 'id', 'head', 'tail', 'true', 'false', 'echo', 'uname', 'dirname', 'grep', 'sed'],
];

const users = [
  'root:x:0:0:root:/root:/bin/sh',
  'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
  'node:x:1000:1000::/home/node:/bin/sh',
];

/** The files of an image that looks like `node:<major>-slim`: the running node, and npm. */
export async function nodeImageFiles(): Promise<ImageFile[]> {
  const npm = dirname(dirname(await pathOf('npm')));
  const modules = '/usr/local/lib/node_modules';
  return [
    ...(await systemFiles([process.execPath])),
    { path: '/usr/local/bin/node', from: process.execPath },
    ...(await treeFiles(npm, `${modules}/npm`, (name) => name === 'docs' || name === 'man')),
    { path: '/usr/local/bin/npm', link: `${modules}/npm/bin/npm-cli.js` },
    { path: '/usr/local/bin/npx', link: `${modules}/npm/bin/npx-cli.js` },
  ];
}

/** The Python of Debian with pip, or what to install to have it. */
export async function pythonOfMachine(): Promise<{ version: string } | { missing: string }> {
  const missing = { missing: 'apt-get install -y --no-install-recommends python3 python3-pip' };
  const binary = await realpath('/usr/bin/python3').catch(() => '');
  const version = /python(3\.\d+)$/.exec(binary)?.[1];
  if (version === undefined) return missing;
  const pip = await access('/usr/lib/python3/dist-packages/pip').then(
    () => true,
    () => false,
  );
  return pip ? { version } : missing;
}

/** The files of an image that looks like `python:<version>-slim`. */
export async function pythonImageFiles(version: string): Promise<ImageFile[]> {
  const binary = `/usr/bin/python${version}`;
  const library = `/usr/lib/python${version}`;
  const packages = '/usr/lib/python3/dist-packages';
  const modules = (await readdir(`${library}/lib-dynload`)).map((name) =>
    join(library, 'lib-dynload', name),
  );
  const leftOut = (name: string) =>
    /^(__pycache__|test|idlelib|turtledemo|config-.*|EXTERNALLY-MANAGED)$/.test(name);
  const trees = [
    library,
    ...['pip', 'setuptools', 'pkg_resources', '_distutils_hack'].map((name) =>
      join(packages, name),
    ),
  ];
  return [
    ...(await systemFiles([binary, ...modules])),
    { path: binary, from: binary },
    ...['/usr/bin/python3', '/usr/bin/python'].map((path) => ({ path, link: binary })),
    ...(await Promise.all(trees.map((tree) => treeFiles(tree, tree, leftOut)))).flat(),
    {
      path: '/usr/bin/pip',
      content:
        '#!/usr/bin/python3\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n',
    },
  ];
}

async function systemFiles(binaries: string[]): Promise<ImageFile[]> {
  const paths = await Promise.all(tools.map(pathOf));
  const certificates = '/etc/ssl/certs/ca-certificates.crt';
  const hasCertificates = await access(certificates).then(
    () => true,
    () => false,
  );
  return [
    ...(await topLinks()),
    ...tools.map((name, index) => ({ path: `/usr/bin/${name}`, from: paths[index] ?? '' })),
    ...(await libraryFiles([...binaries, ...paths])),
    ...(hasCertificates ? [{ path: certificates, from: certificates }] : []),
    { path: '/etc/passwd', content: `${users.join('\n')}\n` },
    { path: '/etc/group', content: 'root:x:0:\nnogroup:x:65534:\nnode:x:1000:\n' },
    { path: '/etc/nsswitch.conf', content: 'passwd: files\ngroup: files\nhosts: files dns\n' },
    { path: '/home/node', folder: { mode: 0o755, owner: 1000 } },
    { path: '/root', folder: { mode: 0o700, owner: 0 } },
    { path: '/tmp', folder: { mode: 0o1777, owner: 0 } },
  ];
}

/** `/bin` → `usr/bin` and the like, where the machine has it so. */
async function topLinks(): Promise<ImageFile[]> {
  const links: ImageFile[] = [];
  for (const path of ['/bin', '/sbin', '/lib', '/lib64']) {
    const link = await readlink(path).catch(() => null);
    if (link !== null) links.push({ path, link });
  }
  return links;
}

/** The shared libraries that the binaries load, and the loader. */
async function libraryFiles(binaries: string[]): Promise<ImageFile[]> {
  // It fails for a binary that is static, but prints the rest all the same.
  const output = await run('ldd', binaries).then(
    ({ stdout }) => stdout,
    (error: unknown) => (error instanceof Error && 'stdout' in error ? String(error.stdout) : ''),
  );
  const found = new Set(
    [...output.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map((match) => match[1] ?? ''),
  );
  return Promise.all(
    [...found].map(async (path) => ({
      path: join(await realpath(dirname(path)), basename(path)),
      from: path,
    })),
  );
}

async function treeFiles(
  from: string,
  to: string,
  leftOut: (name: string) => boolean,
): Promise<ImageFile[]> {
  const entries = await readdir(from, { withFileTypes: true });
  const parts = await Promise.all(
    entries
      .filter(({ name }) => !leftOut(name))
      .map(async (entry): Promise<ImageFile[]> => {
        const source = join(from, entry.name);
        const path = join(to, entry.name);
        if (entry.isDirectory()) return treeFiles(source, path, leftOut);
        return entry.isFile() ? [{ path, from: source }] : [];
      }),
  );
  return parts.flat();
}

async function pathOf(command: string): Promise<string> {
  const { stdout } = await run('which', [command]);
  return realpath(stdout.trim());
}

/** The files as a tar stream; those of root unless said otherwise. */
export function tarOf(files: ImageFile[]): Readable {
  const tar = pack();
  async function fill(): Promise<void> {
    for (const file of files) {
      const name = file.path.slice(1);
      if ('link' in file) tar.entry({ name, type: 'symlink', linkname: file.link });
      else if ('content' in file) tar.entry({ name, mode: 0o755 }, file.content);
      else if ('folder' in file) {
        const { mode, owner } = file.folder;
        tar.entry({ name, type: 'directory', mode, uid: owner, gid: owner });
      } else await copy(name, file.from);
    }
    tar.finalize();
  }

  async function copy(name: string, from: string): Promise<void> {
    const { size, mode } = await stat(from);
    const sink = tar.entry({ name, size, mode: mode & 0o777 });
    for await (const chunk of createReadStream(from, { highWaterMark: 1024 * 1024 })) {
      if (!sink.write(chunk)) await new Promise<void>((resolve) => sink.once('drain', resolve));
    }
    sink.end(null);
    await new Promise<void>((resolve) => sink.once('close', resolve));
  }

  fill().catch((error: unknown) =>
    tar.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return Readable.from(tar, { objectMode: false });
}
