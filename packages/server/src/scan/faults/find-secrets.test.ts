import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { findSecrets } from './find-secrets.ts';
import { secretRules } from './secret-rules.ts';

// Put together here, so that no tool that looks for secrets takes this file for a leak.
const letters = 'q7Zk2Rw9Xv4Tn8Ys3Lm6Pd1Hc5Jb0GfAuEi';
const run = (length: number) => letters.repeat(10).slice(3, 3 + length);
const hex = (length: number) => '9f3b71c6a2e8d045'.repeat(10).slice(2, 2 + length);

function withChecksum(prefix: string): string {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  const body = run(30);
  let rest = crc32(body);
  let checksum = '';
  for (let digit = 0; digit < 6; digit++) {
    checksum = digits[rest % 62] + checksum;
    rest = Math.floor(rest / 62);
  }
  return prefix + body + checksum;
}

const awsId = `AKIA${'Q3ZRWX7TN2YSLM6P'}`;
const pem = (kind: string) =>
  `-----BEGIN ${kind}PRIVATE KEY-----\n${randomBytes(96).toString('base64')}\n-----END ${kind}PRIVATE KEY-----`;

const secrets: [string, string, RegExp][] = [
  ['AWS', `id = ${awsId}\nkey = ${run(38)}/+`, /An AWS access key with its secret \(AKIA…\)/],
  ['GitHub', withChecksum('ghp_'), /A GitHub token \(ghp_…\)/],
  ['GitHub fine-grained', `github_pat_${run(22)}_${run(59)}`, /A GitHub token/],
  ['npm', `//registry/:_authToken=${withChecksum('npm_')}`, /An npm token/],
  ['GitLab', `glpat-${run(20)}`, /A GitLab token/],
  ['Slack', `xoxb-${'930417268851'}-${'714062935548'}-${run(24)}`, /A Slack token/],
  ['Stripe', `sk_live_${run(24)}`, /A live Stripe key/],
  ['Google', `AIza${run(35)}`, /A Google API key/],
  ['a private key', pem('RSA '), /^A private key lies open/],
  ['a private key in JSON', JSON.stringify({ key: pem('') }), /^A private key/],
  ['Anthropic', `sk-ant-api03-${run(93)}AA`, /An Anthropic key \(sk-a…\)/],
  ['OpenAI', `sk-proj-${run(74)}T3BlbkFJ${run(74)}`, /An OpenAI key/],
  ['SendGrid', `SG.${run(22)}.${run(43)}`, /A SendGrid key/],
  ['Hugging Face', `hf_${'qZkRwXvTnYsLmPdHcJbGfAuEioQzKrWxVt'}`, /A Hugging Face token/],
  ['DigitalOcean', `dop_v1_${hex(64)}`, /A DigitalOcean token/],
  ['Shopify', `shpat_${hex(32)}`, /A Shopify token/],
  ['Telegram', `${'7719034652'}:AA${run(33)}`, /A Telegram bot token/],
  [
    'a database',
    `postgres://app:${run(14)}@db.acme.io/x`,
    /The password \(…\) of a postgres database/,
  ],
];

describe('a secret', () => {
  test.each(secrets)('of %s is found and never shown', (_, text, message) => {
    const [fault, ...others] = findSecrets(`x = 1\n${text}\n`, 'src/settings.py');
    expect(fault).toMatchObject({ severity: 'critical', message: expect.stringMatching(message) });
    expect(others).toEqual([]);
    for (const word of text.match(/[A-Za-z0-9]{12,}/g) ?? []) {
      expect(fault?.message).not.toContain(word);
    }
  });

  test('that is short is not shown even in part', () => {
    const [fault] = findSecrets(`mysql://app:${run(10)}@db.acme.io/x`, 'a.py');
    expect(fault?.message).toContain('The password (…) of a mysql database');
  });

  test('in a test, an example or a document is a warning', () => {
    for (const path of [
      'tests/a.py',
      'src/a.test.ts',
      'a/fixtures/k.pem',
      'docs/a.txt',
      'README.md',
    ]) {
      expect(findSecrets(withChecksum('ghp_'), path)).toMatchObject([{ severity: 'warning' }]);
    }
  });

  test('is one fault however often it is there', () => {
    expect(findSecrets(`${withChecksum('ghp_')}\n`.repeat(9), 'a.py')).toHaveLength(1);
  });

  test('that is only assigned to a telling name is a warning', () => {
    const value = `${run(9)}-${run(8)}`;
    for (const text of [
      `password = "${value}"`,
      `"api_key": "${value}"`,
      `clientSecret: '${value}'`,
    ]) {
      expect(findSecrets(text, 'a.js')).toMatchObject([{ severity: 'warning' }]);
    }
  });

  test('in an environment file is found by the name it has', () => {
    const text = `# all\nPORT=8080\nexport JWT_SECRET="${run(32)}"\nDB_PASSWORD=short-one\nAPI_KEY=\n`;
    expect(findSecrets(text, 'app/.env.production')).toMatchObject([
      { severity: 'critical', message: expect.stringContaining('`JWT_SECRET`') },
      { severity: 'warning', message: expect.stringContaining('`DB_PASSWORD`') },
    ]);
    expect(findSecrets(text, '.env.example')).toEqual([]);
  });
});

describe('no secret is', () => {
  test.each([
    [
      'the example of AWS',
      `AKIAIOSFODNN7${'EXAMPLE'}\nwJalrXUtnFEMI/K7MDENG/bPxRfiCY${'EXAMPLEKEY'}`,
    ],
    ['a token whose checksum is wrong', `ghp_${run(36)}`],
    ['a token of one letter', `glpat-${'x'.repeat(20)}`],
    ['a key of tests', `sk_test_${run(24)}`],
    ['the marker of a key alone', 'if line == "-----BEGIN PRIVATE KEY-----":'],
    ['an encrypted key', pem('ENCRYPTED ')],
    ['a name', 'password = "user_password_field"'],
    ['a placeholder', 'password: "<your-password-1>"\napi_key = "YOUR_API_KEY_123"'],
    ['a variable', `secret = "$${'{SECRET_123abc}'}"\npassword = process.env.PASSWORD_1`],
    ['a path', 'private_key = "/etc/ssl/private/key1.pem"'],
    ['a word', 'password = "correct horse"; secret = "supersecretvalue"'],
    [
      'a local password',
      'postgres://postgres:postgres@localhost/x mysql://root:password1@db.acme.io',
    ],
    ['part of a word', `task-${run(40)} disk-ant-api03`],
  ])('%s', (_, text) => {
    expect(findSecrets(text, 'src/a.py')).toEqual([]);
  });

  test('in a lock file', () => {
    expect(findSecrets(`glpat-${run(20)}`, 'package-lock.json')).toEqual([]);
  });
});

test('no rule takes long over a hostile megabyte', () => {
  const megabyte = (unit: string) => unit.repeat(Math.ceil(2 ** 20 / unit.length));
  const starts = secretRules.map(({ anchor }) =>
    anchor
      .replace(/\[(.).*?\]/g, '$1')
      .replace(/\(\?:(\w+).*?\)\??/g, '$1')
      .replace(/\\d\{8,10\}/, '12345678')
      .replaceAll('\\', ''),
  );
  const units = [...starts, ...starts.map((start) => `${start}${'a1B-'.repeat(20)} `)];
  units.push(
    'password="',
    'secret-',
    'api_key = "a1',
    'postgres://',
    'postgres://a:b',
    'A_SECRET=',
    '"',
  );
  const slow = units.filter((unit) => {
    const text = megabyte(unit);
    const { user } = process.cpuUsage();
    findSecrets(text, '.env');
    findSecrets(text, 'a.py');
    return process.cpuUsage().user - user > 1_000_000;
  });
  expect(slow).toEqual([]);
});
