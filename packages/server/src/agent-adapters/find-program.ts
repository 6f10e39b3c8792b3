import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

/** The file that a program is, as a shell would find it; `undefined`: there is none. */
export async function findProgram(
  program: string,
  searchPath: string | undefined,
): Promise<string | undefined> {
  const places = program.includes('/')
    ? [program].filter((place) => isAbsolute(place))
    : (searchPath ?? '')
        .split(delimiter)
        .filter((folder) => isAbsolute(folder))
        .map((folder) => join(folder, program));
  for (const place of places) {
    const isThere = await access(place, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return place;
  }
  return undefined;
}

const versionMs = 5_000;

/** What a program says to `--version`; `null`: nothing that can be understood. */
export function readVersion(file: string, env: Record<string, string>): Promise<string | null> {
  return new Promise((resolve) => {
    const options = { env, timeout: versionMs, killSignal: 'SIGKILL', maxBuffer: 65_536 } as const;
    execFile(file, ['--version'], options, (error, output) => {
      const [version] = error ? [] : (/\d+\.\d+[\w.+-]{0,40}/.exec(output) ?? []);
      resolve(version ?? null);
    }).stdin?.end();
  });
}
