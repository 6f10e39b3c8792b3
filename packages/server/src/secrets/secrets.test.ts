import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemActor } from '../caller.ts';
import { type Database, openDatabase } from '../database/open.ts';
import { type ClonedDatabase, cloneDatabase } from '../testing/cloned-database.ts';
import { keyFileIn } from './key-file.ts';
import { formatKeys, newKey, parseKeys } from './keys.ts';
import { type Resealing, replaceLostKey, rotateKey } from './rotate-key.ts';
import { openSecrets, type Secrets, secretsOf } from './secrets.ts';

let cloned: ClonedDatabase;
let database: Database;
let home: string;
let warnings: string[];
const log = { warn: (_: object, message: string) => void warnings.push(message) };

beforeAll(async () => {
  cloned = await cloneDatabase();
  database = await openDatabase({
    source: { databaseUrl: cloned.databaseUrl },
    log: pino({ level: 'silent' }),
  });
});
afterAll(async () => {
  await database.close();
  await cloned.drop();
});
beforeEach(async () => {
  warnings = [];
  home = await mkdtemp(path.join(tmpdir(), 'borgos-secrets-'));
  await database.db.updateTable('installation').set({ key_id: null, key_check: null }).execute();
});
afterEach(() => rm(home, { recursive: true, force: true }));

const open = () => openSecrets({ home, db: database.db, log });
const keyFile = () => readFile(keyFileIn(home), 'utf8');
const canary = () =>
  database.db.selectFrom('installation').select(['key_id', 'key_check']).executeTakeFirstOrThrow();

describe('a sealed value', () => {
  const secrets = secretsOf([newKey()]);

  test('opens to what it was, in its place only', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string(),
        fc.string(),
        (plain, place, other) => {
          const sealed = secrets.seal(plain, place);
          expect(secrets.open(sealed, place)).toBe(plain);
          if (other !== place)
            expect(() => secrets.open(sealed, other)).toThrow(/changed or moved/);
        },
      ),
    );
  });

  test('is another one each time, and names its key', () => {
    expect(secrets.seal('same', 'a')).not.toBe(secrets.seal('same', 'a'));
    expect(secrets.seal('same', 'a')).toMatch(new RegExp(`^${secrets.keyId}\\.[\\w-]+$`));
  });

  test('does not open when any bit of it was changed, or when some of it is missing', () => {
    const sealed = secrets.seal('correct horse', 'a');
    const [id = '', payload = ''] = sealed.split('.');
    const bytes = Buffer.from(payload, 'base64url');
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ 1;
      const forged = `${id}.${changed.toString('base64url')}`;
      expect(() => secrets.open(forged, 'a')).toThrow(/changed or moved/);
      const cut = `${id}.${bytes.subarray(0, index).toString('base64url')}`;
      expect(() => secrets.open(cut, 'a')).toThrow(/changed or moved/);
    }
    for (const nothing of ['', '.', 'x', payload]) {
      expect(() => secrets.open(nothing, 'a')).toThrow(/is not in secrets.key/);
    }
  });

  test('does not open with another key, and the error does not show it', () => {
    const other = secretsOf([newKey()]);
    const sealed = secrets.seal('correct horse', 'a');
    expect(() => other.open(sealed, 'a')).toThrow(
      `sealed with the key ${secrets.keyId}, which is not in secrets.key`,
    );
    expect(() => other.open(sealed, 'a')).not.toThrow(sealed);
  });

  test('derived keys differ by purpose and by key, and stay the same', () => {
    const other = secretsOf([newKey()]);
    expect(secrets.derive('tokens')).toHaveLength(32);
    expect(secrets.derive('tokens')).toEqual(secrets.derive('tokens'));
    expect(secrets.derive('tokens')).not.toEqual(secrets.derive('fingerprints'));
    expect(secrets.derive('tokens')).not.toEqual(other.derive('tokens'));
  });
});

describe('a key file', () => {
  test('is read as it was written, and not when anything in it was changed', () => {
    const keys = [newKey(), newKey()] as const;
    const text = formatKeys(keys);
    expect(parseKeys(text)).toEqual(keys);
    expect(parseKeys(text.replaceAll('\n', '\r\n'))).toEqual(keys);
    for (let end = 0; end < text.length - 1; end++) {
      const cut = parseKeys(text.slice(0, end));
      // Where nothing that tells of more is left, or nothing is missing but the padding.
      if (cut) expect([keys.slice(0, 1), keys]).toContainEqual(cut);
    }
    const [first] = keys;
    expect(parseKeys(text.replace(first.id, 'k00000000'))).toBeUndefined();
    expect(
      parseKeys(text.replace(first.bytes.toString('base64'), randomBytes(32).toString('base64'))),
    ).toBeUndefined();
  });

  test('is made at the first start, for its owner only, and used at the next', async () => {
    const first = await open();
    expect((await stat(keyFileIn(home))).mode & 0o777).toBe(0o600);
    expect(await readdir(home)).toEqual(['secrets.key']);
    expect(await canary()).toMatchObject({ key_id: first.keyId });
    const sealed = first.seal('kept', 'a');
    const again = await open();
    expect(again.keyId).toBe(first.keyId);
    expect(again.open(sealed, 'a')).toBe('kept');
    expect(again.derive('tokens')).toEqual(first.derive('tokens'));
    expect(warnings).toEqual([]);
  });

  test('that others can read is closed to them, and that is told', async () => {
    await open();
    await chmod(keyFileIn(home), 0o644);
    await open();
    expect((await stat(keyFileIn(home))).mode & 0o777).toBe(0o600);
    expect(warnings).toEqual([expect.stringContaining('other users')]);
  });

  test('that was made by a start which was killed before it told the database is used', async () => {
    const key = newKey();
    await writeFile(keyFileIn(home), formatKeys([key]));
    expect((await open()).keyId).toBe(key.id);
    expect(await canary()).toMatchObject({ key_id: key.id });
  });

  test('that a killed start has written to the half is none', async () => {
    const draft = `${keyFileIn(home)}.new`;
    await writeFile(draft, formatKeys([newKey()]).slice(0, -20));
    const { keyId } = await open();
    expect(await readdir(home)).toEqual(['secrets.key']);
    expect(await canary()).toMatchObject({ key_id: keyId });
  });

  test('that is missing or another one is refused, with what to do, and nothing is changed', async () => {
    const { keyId } = await open();
    const before = await canary();
    await rm(keyFileIn(home));
    await expect(open()).rejects.toThrow(
      new RegExp(`key ${keyId}, but .*secrets.key is missing. Put secrets.key back .* --lost`),
    );
    const other = newKey();
    await writeFile(keyFileIn(home), formatKeys([other]));
    await expect(open()).rejects.toThrow(
      new RegExp(`key ${keyId}, but .* holds the key ${other.id}. Put secrets.key back`),
    );
    await writeFile(keyFileIn(home), 'garbage');
    await expect(open()).rejects.toThrow(/is damaged.*backup/);
    expect(await canary()).toEqual(before);
    expect(await keyFile()).toBe('garbage');
  });

  test('of the second home on one database is refused', async () => {
    await open();
    const other = await mkdtemp(path.join(tmpdir(), 'borgos-secrets-'));
    await expect(openSecrets({ home: other, db: database.db, log })).rejects.toThrow(/is missing/);
    expect(await readdir(other)).toEqual([]);
    await rm(other, { recursive: true });
  });
});

/** What a part of BorgOS keeps, sealed. */
function createShelf(secrets: Secrets, names: string[]) {
  const values = new Map(names.map((name) => [name, secrets.seal(`of ${name}`, name)]));
  let most = Number.POSITIVE_INFINITY;
  const resealAll: Resealing = async (reseal) => {
    let count = 0;
    for (const [name, sealed] of values) {
      const anew = reseal(sealed, name);
      if (anew === undefined) continue;
      if (count === most) throw new Error('killed');
      values.set(name, anew);
      count++;
    }
    return count;
  };
  return {
    values,
    resealAll,
    dieAfter: (count: number) => {
      most = count;
    },
    contents: (secrets: Secrets) => [...values].map(([name, sealed]) => secrets.open(sealed, name)),
  };
}

describe('rotating the key', () => {
  const names = ['a', 'b', 'c'];
  const plain = names.map((name) => `of ${name}`);
  const rotate = (...kept: Resealing[]) =>
    rotateKey({ home, db: database.db, log, actor: systemActor, kept });
  const toldKeys = async () => {
    const rows = await database.db
      .selectFrom('events')
      .select(['type', 'data'])
      .where('type', '=', 'encryption_key_rotated')
      .orderBy('seq')
      .execute();
    return rows.map(({ data }) => (data as { key_id: string }).key_id);
  };

  test('seals everything anew, forgets the old key, and tells it', async () => {
    const before = await open();
    const shelf = createShelf(before, names);
    const told = await toldKeys();
    const { keyId, resealed } = await rotate(shelf.resealAll);
    expect(resealed).toBe(3);
    const after = await open();
    expect(after.keyId).toBe(keyId);
    expect(keyId).not.toBe(before.keyId);
    expect(await keyFile()).not.toContain(before.keyId);
    expect(await canary()).toMatchObject({ key_id: keyId });
    expect(shelf.contents(after)).toEqual(plain);
    expect(await toldKeys()).toEqual([...told, keyId]);
    expect((await stat(keyFileIn(home))).mode & 0o777).toBe(0o600);
  });

  test.for([0, 1, 2, 3])(
    'killed after %i values, it leaves what starts and opens everything; run again it is done',
    async (count) => {
      const before = await open();
      const shelf = createShelf(before, names);
      const told = await toldKeys();
      shelf.dieAfter(count);
      const late: Resealing = () => Promise.reject(new Error('killed'));
      await expect(rotate(shelf.resealAll, late)).rejects.toThrow('killed');

      const between = await open();
      expect(warnings).toEqual([expect.stringContaining('broken off')]);
      expect(shelf.contents(between)).toEqual(plain);
      // What is sealed now has the new key already.
      shelf.values.set('d', between.seal('of d', 'd'));

      shelf.dieAfter(Number.POSITIVE_INFINITY);
      const { keyId, resealed } = await rotate(shelf.resealAll);
      expect({ keyId, resealed }).toEqual({ keyId: between.keyId, resealed: 3 - count });
      expect(shelf.contents(await open())).toEqual([...plain, 'of d']);
      expect(await keyFile()).not.toContain(before.keyId);
      expect(await toldKeys()).toEqual([...told, keyId]);
    },
  );

  test('killed before the old key was removed, it only does that when run again', async () => {
    const shelf = createShelf(await open(), names);
    let bothKeys = '';
    await rotate(shelf.resealAll, async () => {
      bothKeys = await keyFile();
      return 0;
    });
    const done = await keyFile();
    const told = await toldKeys();
    await writeFile(keyFileIn(home), bothKeys);
    expect(await rotate(shelf.resealAll)).toMatchObject({ resealed: 0 });
    expect(await keyFile()).toBe(done);
    expect(await toldKeys()).toEqual(told);
  });

  test('with half a new file beside the old one, as a kill leaves it, begins anew', async () => {
    const shelf = createShelf(await open(), names);
    await writeFile(`${keyFileIn(home)}.new`, formatKeys([newKey()]).slice(0, 30));
    await rotate(shelf.resealAll);
    expect(shelf.contents(await open())).toEqual(plain);
    expect(await readdir(home)).toEqual(['secrets.key']);
  });

  test('leaves what cannot be opened as it is', async () => {
    const shelf = createShelf(await open(), names);
    const ofLostKey = secretsOf([newKey()]).seal('gone', 'a');
    const moved = shelf.values.get('c') ?? '';
    shelf.values.set('a', ofLostKey).set('b', moved);
    expect(await rotate(shelf.resealAll)).toMatchObject({ resealed: 1 });
    expect(shelf.values.get('a')).toBe(ofLostKey);
    expect(shelf.values.get('b')).toBe(moved);
  });

  test('ends kept answers, which are sealed', async () => {
    await open();
    await database.db
      .insertInto('idempotency_keys')
      .values({
        caller: 'a',
        key: 'b',
        fingerprint: Buffer.from('c'),
        status: 200,
        body: 'sealed',
        created_at: new Date(),
      })
      .execute();
    await rotate();
    expect(await database.db.selectFrom('idempotency_keys').select('key').execute()).toEqual([]);
  });
});

describe('a lost key', () => {
  const replace = () => replaceLostKey({ home, db: database.db, log, actor: systemActor });

  test('is replaced by a new one; what it had sealed cannot be opened', async () => {
    const before = await open();
    const sealed = before.seal('gone', 'a');
    await rm(keyFileIn(home));
    const { keyId } = await replace();
    const after = await open();
    expect(after.keyId).toBe(keyId);
    expect(() => after.open(sealed, 'a')).toThrow(/not in secrets.key/);
  });

  test('is replaced by the key that is there, also when that was killed half-way', async () => {
    await open();
    const other = newKey();
    await writeFile(keyFileIn(home), formatKeys([other]));
    expect(await replace()).toEqual({ keyId: other.id });
    expect((await open()).keyId).toBe(other.id);
  });

  test('is not lost while it works', async () => {
    await expect(replace()).rejects.toThrow(/is not lost/);
    await open();
    const before = await keyFile();
    await expect(replace()).rejects.toThrow(/is not lost/);
    expect(await keyFile()).toBe(before);
  });
});
