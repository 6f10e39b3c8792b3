import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { deriveKey, type Key, type Keys } from './keys.ts';

const algorithm = 'aes-256-gcm';
const ivBytes = 12;
const tagBytes = 16;

/** Seals and opens with keys that are derived once. */
export interface Sealer {
  seal(plain: string, context: string): string;
  open(sealed: string, context: string): string;
  /** The id of the key that a value was sealed with; `undefined` when that key is not here. */
  keyOf(sealed: string): string | undefined;
}

export function createSealer(keys: Keys): Sealer {
  const [newest] = keys;
  const byId = new Map(keys.map((key) => [key.id, sealingKey(key)]));
  const newestKey = sealingKey(newest);

  return {
    seal(plain, context) {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv(algorithm, newestKey, iv, { authTagLength: tagBytes });
      cipher.setAAD(Buffer.from(context));
      const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      const sealed = Buffer.concat([iv, cipher.getAuthTag(), text]);
      return `${newest.id}.${sealed.toString('base64url')}`;
    },

    open(sealed, context) {
      const { id, payload } = partsOf(sealed);
      const key = byId.get(id);
      if (!key) {
        throw new Error(
          `What is kept for ${context} was sealed with the key ${id}, which is not in secrets.key`,
        );
      }
      const bytes = Buffer.from(payload, 'base64url');
      const iv = bytes.subarray(0, ivBytes);
      const tag = bytes.subarray(ivBytes, ivBytes + tagBytes);
      try {
        const decipher = createDecipheriv(algorithm, key, iv, { authTagLength: tagBytes });
        decipher.setAAD(Buffer.from(context)).setAuthTag(tag);
        const text = decipher.update(bytes.subarray(ivBytes + tagBytes));
        return Buffer.concat([text, decipher.final()]).toString('utf8');
      } catch (cause) {
        throw new Error(`What is kept for ${context} was changed or moved since it was sealed`, {
          cause,
        });
      }
    },

    keyOf(sealed) {
      const { id } = partsOf(sealed);
      return byId.has(id) ? id : undefined;
    },
  };
}

function sealingKey(key: Key): Buffer {
  return deriveKey(key, 'seal');
}

function partsOf(sealed: string): { id: string; payload: string } {
  const dot = sealed.indexOf('.');
  return { id: sealed.slice(0, Math.max(0, dot)), payload: sealed.slice(dot + 1) };
}
