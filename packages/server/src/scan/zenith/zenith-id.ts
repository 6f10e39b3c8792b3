import { createHash } from 'node:crypto';

/** What a project of Zenith Coder is known by: made of the real path where it was first seen. */
export function zenithIdOf(realPath: string): string {
  return createHash('md5').update(realPath).digest('hex').slice(0, 10);
}
