import { access, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SecureContext } from 'node:tls';
import { certificateName } from './domain-state.ts';
import { errorCode, Refusal } from './refusal.ts';

/** The files that the server puts into `certificates/`: a private key and its chain, as PEM. */
export interface Certificates {
  /** What to serve with; read at its first use. Rejects when the file is not what it should be. */
  open(name: string): Promise<SecureContext>;
  /** Throws `Refusal` CERTIFICATE_MISSING when one of the files is not there. */
  check(names: ReadonlySet<string>): Promise<void>;
  /** Removes all files but these. */
  keep(names: ReadonlySet<string>): Promise<void>;
}

export function createCertificates(directory: string): Certificates {
  const folder = join(directory, 'certificates');
  const opened = new Map<string, Promise<SecureContext>>();

  async function read(name: string): Promise<SecureContext> {
    const { createSecureContext } = await import('node:tls');
    const pem = await readFile(join(folder, name));
    return createSecureContext({ key: pem, cert: pem });
  }

  return {
    open(name) {
      let context = opened.get(name);
      if (!context) {
        context = read(name);
        opened.set(name, context);
        // It may be mended meanwhile.
        context.catch(() => opened.delete(name));
      }
      return context;
    },

    async check(names) {
      for (const name of names) {
        if (opened.has(name)) continue;
        await access(join(folder, name)).catch((cause: unknown) => {
          const message = `certificates/${name} cannot be read: write it first`;
          throw new Refusal(409, 'CERTIFICATE_MISSING', message, { cause });
        });
      }
    },

    async keep(names) {
      for (const name of opened.keys()) if (!names.has(name)) opened.delete(name);
      let files: string[];
      try {
        files = await readdir(folder);
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return;
        throw error;
      }
      const old = files.filter((name) => certificateName.test(name) && !names.has(name));
      await Promise.all(old.map((name) => rm(join(folder, name), { force: true })));
    },
  };
}
