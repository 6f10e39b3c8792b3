import { appendFile, writeFile } from 'node:fs/promises';

export interface BuildLog {
  /** Takes output as it comes; never waits, and keeps no more than there is to write. */
  write(text: string): void;
  /** Waits until all is written. Returns what went wrong with the file, if anything did. */
  end(): Promise<unknown>;
}

/** How much of a build's output is kept, in bytes. */
export const largestBuildLog = 10 * 1024 ** 2;

/**
 * The output of a build, in a file that is made anew. A build that prints without end fills neither
 * the disk nor the memory: what is over 10 MiB is left out. A full disk does not end the build.
 */
export async function openBuildLog(file: string, most = largestBuildLog): Promise<BuildLog> {
  let waiting = '';
  let size = 0;
  let problem: unknown;
  let writing: Promise<void> | undefined;
  await writeFile(file, '').catch((error) => {
    problem = error;
  });

  async function flush(): Promise<void> {
    while (waiting) {
      const text = waiting;
      waiting = '';
      await appendFile(file, text);
    }
  }

  return {
    write(text) {
      if (size >= most || problem) return;
      size += Buffer.byteLength(text);
      waiting += size < most ? text : `\n[The rest is left out: it is over ${most} bytes]\n`;
      writing ??= flush()
        .catch((error) => {
          problem = error;
        })
        .finally(() => {
          writing = undefined;
        });
    },
    async end() {
      while (writing !== undefined) await writing;
      return problem;
    },
  };
}
