import { crc32 } from 'node:zlib';
import { toBase62 } from './base62.ts';
import { makeRandomToken } from './random-token.ts';

const shape = /^borg_[0-9A-Za-z]{49}$/;
const checksumLength = 6;
const prefixLength = 9;

export function makeApiToken(): string {
  const body = makeRandomToken('borg_');
  return body + checksumOf(body);
}

/** Whether it was made by BorgOS at all: what was mistyped is refused without the database. */
export function isApiToken(text: string): boolean {
  if (!shape.test(text)) return false;
  return checksumOf(text.slice(0, -checksumLength)) === text.slice(-checksumLength);
}

/** As much as may be shown: it leaves 39 unknown characters. */
export function prefixOfToken(token: string): string {
  return token.slice(0, prefixLength);
}

function checksumOf(body: string): string {
  return toBase62(crc32(body), checksumLength);
}
