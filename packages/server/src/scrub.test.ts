import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scrub, scrubText } from './scrub.ts';

test.each([
  'Database connection failed',
  '{"email": "invalid"}',
  'password authentication failed for user "bob"',
  'password: must be at least 8 characters',
  "KeyError: 'password'",
  'Unexpected token: }',
  'Unexpected token \'<\', "<!DOCTYPE" is not valid JSON',
  'Bearer token expired',
  'Bearer authentication required',
  'Basic authentication failed',
  'WWW-Authenticate: Bearer error_description="The token expired"',
  'Authorization: required',
  'cookie: missing',
  'Session not found: 42',
  'max_tokens=512, token_type=bearer, secretary=bob',
  'token = read_token()',
  'const token = parse(input);',
  'password = request.form["password"]',
  'function login(user: string, password: string): void',
  '    at Object.getToken (/app/token.js:12:3)',
  '  File "/app/secret.py", line 3, in token',
  'http://localhost:3000/@vite/client',
  'PWD=/home/me',
])('leaves %s as it is', (text) => {
  expect(scrubText(text)).toBe(text);
  expect(scrub({ text })).toEqual({ text });
});

const canary = 'Hunter2canary0';
test.each([
  ['password=§', 'password=[redacted]'],
  ['DB_PASSWORD=§ npm start', 'DB_PASSWORD=[redacted] npm start'],
  ['login --password § --verbose', 'login --password [redacted] --verbose'],
  ['password: §', 'password: [redacted]'],
  ['{"password":"a\\"b §","order":1}', '{"password":"[redacted]","order":1}'],
  ['{\\"password\\":\\"§\\",\\"order\\":1}', '{\\"password\\":\\"[redacted]\\",\\"order\\":1}'],
  ["{'api_key': '§', 'b': 2}", "{'api_key': '[redacted]', 'b': 2}"],
  ['clientSecret = "two words §"', 'clientSecret = "[redacted]"'],
  ['password => "§"', 'password => "[redacted]"'],
  ['GET /x?access_token=§&page=2', 'GET /x?access_token=[redacted]&page=2'],
  ['Server=db;Pwd=§;Timeout=3', 'Server=db;Pwd=[redacted];Timeout=3'],
  ['AWS_SECRET_ACCESS_KEY=§/K7', 'AWS_SECRET_ACCESS_KEY=[redacted]'],
  ['sent Authorization: Bearer §\nagain', 'sent Authorization: [redacted]\nagain'],
  ['"authorization":"Token §"', '"authorization":"[redacted]"'],
  ['Cookie: sid=§; b=c', 'Cookie: [redacted]'],
  ['refused: Bearer §', 'refused: Bearer [redacted]'],
  ['refused: Basic dXNlcjpw§==', 'refused: Basic [redacted]'],
  ['postgres://bob:§@db:5432/shop', 'postgres://bob:[redacted]@db:5432/shop'],
  ['redis://:p@§@cache', 'redis://:[redacted]@cache'],
  ['https://0123456789§@sentry.example/42', 'https://[redacted]@sentry.example/42'],
  ['got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.§ from', 'got [redacted] from'],
  ['key ghp_0123456789§', 'key [redacted]'],
  ['key sk-ant-api03-0123456789§', 'key [redacted]'],
  ['key sk_live_0123456789§', 'key [redacted]'],
  ['key borg_0123456789§', 'key [redacted]'],
  [
    'a\n-----BEGIN RSA PRIVATE KEY-----\nMII§\n-----END RSA PRIVATE KEY-----\nb',
    'a\n[redacted]\nb',
  ],
  ['a\n-----BEGIN PRIVATE KEY-----\nMII§ cut of', 'a\n[redacted]'],
])('takes the secret out of %j', (written, expected) => {
  const text = written.replace('§', canary);
  expect(scrubText(text)).toBe(expected);
  expect(JSON.stringify(scrub({ deep: [{ text }] }))).not.toContain(canary);
});

test.each([
  ...['password', 'passwd', 'Password_Hash', 'db_pwd', 'secret', 'clientSecret', 'token'],
  ...['accessToken', 'refresh_token', 'X-Api-Key', 'apiKey', 'apikey', 'authorization', 'auth'],
  ...['Cookie', 'set-cookie', 'session', 'sessionId', 'PHPSESSID', 'connect.sid', 'csrfToken'],
  ...['X-XSRF-TOKEN', 'private_key', 'AWS_SECRET_ACCESS_KEY', 'credit_card', 'cardNumber', 'cvv'],
  ...['SENTRY_DSN', 'credentials', 'jwt'],
])('hides the value under %s, whatever it is', (key) => {
  expect(scrub({ [key]: 'x' })).toEqual({ [key]: '[redacted]' });
  expect(scrub({ a: [{ [key]: { deep: ['x'] } }] })).toEqual({ a: [{ [key]: '[redacted]' }] });
  expect(scrub([[key, 'x']])).toEqual([[key, '[redacted]']]);
  expect(scrub([{ name: key, value: 'x' }])).toEqual([{ name: key, value: '[redacted]' }]);
  expect(scrub({ [key]: null })).toEqual({ [key]: null });
});

test.each([
  ...['author', 'keyboard', 'key', 'monkey', 'compass', 'passenger', 'secretary', 'token_type'],
  ...['max_tokens', 'session_count', 'tokenizer', 'assessment', 'description', 'password_error'],
])('shows the value under %s', (key) => {
  expect(scrub({ [key]: 5, b: { [key]: 'shown' } })).toEqual({ [key]: 5, b: { [key]: 'shown' } });
});

test('hides the argument after an option for a secret', () => {
  expect(scrub(['app.py', '--api-key', 'x', '--port', '80'])).toEqual([
    'app.py',
    '--api-key',
    '[redacted]',
    '--port',
    '80',
  ]);
});

test('changes neither other JSON nor what it has scrubbed before', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (text) => {
      const value = JSON.parse(text);
      const once = scrub(value);
      expect(scrub(once)).toEqual(once);
    }),
  );
  const plain = { a: [1, true, null, 'text', { b: '' }], ü: -1.5 };
  expect(scrub(plain)).toEqual(plain);
});

test('never throws, and loses no key to a name such as __proto__', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void scrubText(text)));
  const tricky = JSON.parse('{"__proto__":{"a":1},"constructor":2,"hasOwnProperty":3}');
  expect(JSON.stringify(scrub(tricky))).toBe(JSON.stringify(tricky));
});

test('leaves out what is deeper than 10 levels, and entries beyond 200', () => {
  let deep: unknown = { password: canary };
  for (let level = 0; level < 5000; level++) deep = { deep };
  expect(JSON.stringify(scrub(deep))).toMatch(/^(\{"deep":){10}"\[left out\]"\}{10}$/);
  expect(scrub(Array(5000).fill(1))).toHaveLength(200);
  const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`k${at}`, at]));
  expect(Object.keys(scrub(wide))).toHaveLength(200);
});

test('takes no longer than the text is long, whatever is repeated in it', () => {
  const pieces = [
    ...[
      '-eyJ',
      'eyJa.',
      'password:',
      'password="',
      'password=\\"\\',
      "token='\\",
      '://a:',
      '://a@',
    ],
    ...['-----BEGIN PRIVATE KEY-----', 'bearer ', 'basic aaaaaaaa', 'sk-a', 'ghp_', 'cookie: '],
    ...['--token ', '--a-', 'AKIA', 'SG.', 'authorization:', 'secret', 'a', '-', '"', ' ', '\n'],
  ];
  for (const piece of pieces) {
    const text = piece.repeat(Math.ceil((64 * 1024) / piece.length));
    const began = performance.now();
    scrubText(text);
    expect(performance.now() - began, piece).toBeLessThan(150);
  }
});
