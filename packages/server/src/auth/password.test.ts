import { describe, expect, test } from 'vitest';
import { hashPassword, makeDummyHash, verifyPassword } from './password.ts';

const phc = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/;

describe('a password', () => {
  test('is kept as an argon2id PHC string, another one each time, that only it fits', async () => {
    const hash = await hashPassword('correct horse battery');
    expect(hash).toMatch(phc);
    expect(await hashPassword('correct horse battery')).not.toBe(hash);
    expect(await verifyPassword('correct horse battery', hash)).toBe(true);
    expect(await verifyPassword('correct horse batterz', hash)).toBe(false);
    expect(await verifyPassword('', hash)).toBe(false);
  });

  test('is verified with what its hash says, as another program made it', async () => {
    // From the reference implementation: argon2 "somesalt" -id -t 2 -m 16 -p 1 of "password".
    const hash =
      '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
    expect(await verifyPassword('password', hash)).toBe(true);
    expect(await verifyPassword('passwore', hash)).toBe(false);
  });

  test('is the same however its letters are composed', async () => {
    expect(
      await verifyPassword('cafe\u0301-au-lait', await hashPassword('caf\u00e9-au-lait')),
    ).toBe(true);
  });

  test('fits no dummy hash, which looks like any other', async () => {
    expect(makeDummyHash()).toMatch(phc);
    expect(await verifyPassword('password', makeDummyHash())).toBe(false);
  });

  test('is not compared with what is no hash', async () => {
    await expect(verifyPassword('password', 'password')).rejects.toThrow('no argon2id hash');
  });
});
