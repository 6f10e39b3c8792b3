import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const script = path.join(import.meta.dirname, 'fake-agent-zero.ts');

export interface FakeInstallation {
  directory: string;
  /** The interpreter that it needs. */
  python: string;
  /** What it does when it is started next. */
  behave(settings: object): Promise<void>;
  remove(): Promise<void>;
}

/** A directory in which a fake Agent Zero is installed, to be started as the real one is. */
export async function installFake(
  variables: Record<string, string> = { A0_PERSISTENT_RUNTIME_ID: 'ab'.repeat(16) },
): Promise<FakeInstallation> {
  const directory = await realpath(await mkdtemp(path.join(tmpdir(), 'borgos-zero-')));
  await mkdir(path.join(directory, 'usr'));
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(path.join(directory, 'usr', '.env'), lines.join(''));
  await writeFile(path.join(directory, 'run_ui.py'), `import(${JSON.stringify(script)});\n`);
  return {
    directory,
    python: process.execPath,
    behave: (settings) => writeFile(path.join(directory, 'fake.json'), JSON.stringify(settings)),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
