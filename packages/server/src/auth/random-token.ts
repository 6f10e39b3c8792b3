import { hash, randomBytes } from 'node:crypto';
import { toBase62 } from './base62.ts';

const bytes = 32;
/** What 32 bytes take in base62. */
const length = 43;

/** 256 random bits behind a prefix that tells scanners for leaked secrets what it is. */
export function makeRandomToken(prefix: string): string {
  return prefix + toBase62(BigInt(`0x${randomBytes(bytes).toString('hex')}`), length);
}

/** As tokens are kept: they are random, so that it needs neither salt nor a slow hash. */
export function hashToken(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
