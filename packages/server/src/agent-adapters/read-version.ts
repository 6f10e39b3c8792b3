import { execFile } from 'node:child_process';

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
