import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { newPrivateKey } from './account-key.ts';
import { certificateRequest } from './certificate-request.ts';

test.for(['a.test', `${'long.'.repeat(20)}test`, `${'longest.'.repeat(31)}test`])(
  'OpenSSL reads a request for %s and finds it well signed',
  async (domain) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'borgos-request-'));
    try {
      const file = path.join(folder, 'request.der');
      await writeFile(file, certificateRequest(domain, newPrivateKey()));
      const argv = ['req', '-inform', 'DER', '-in', file, '-noout', '-text', '-verify'];
      const { stdout, stderr } = await promisify(execFile)('openssl', argv);
      expect(`${stdout}${stderr}`).toMatch(/verify OK/i);
      expect(stdout).toContain(`DNS:${domain}\n`);
      expect(stdout).toMatch(/Subject: *\n/);
      expect(stdout).toContain('ASN1 OID: prime256v1');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
