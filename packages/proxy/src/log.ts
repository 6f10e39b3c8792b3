import { copyFileSync, fstatSync, ftruncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { limits } from './limits.ts';

export type Log = (line: string) => void;

const STDERR = 2;

/**
 * Writes dated lines to standard error, where also crashes end up. When that is a file (opened for
 * appending) it is kept under a bound: its content moves to `proxy.log.1`.
 */
export function createLog(directory: string): Log {
  return (line) => {
    try {
      const status = fstatSync(STDERR);
      if (status.isFile() && status.size > limits.logBytes) {
        copyFileSync(join(directory, 'proxy.log'), join(directory, 'proxy.log.1'));
        ftruncateSync(STDERR, 0);
      }
      writeSync(STDERR, `${new Date().toISOString()} ${line}\n`);
    } catch {
      // A full disk or a closed terminal must not end the serving of visitors.
    }
  };
}
