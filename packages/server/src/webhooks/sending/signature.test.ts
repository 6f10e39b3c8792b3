import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { checkSecret, newSecret, sign } from './signature.ts';

const now = Math.floor(Date.now() / 1_000);
const message = { id: 'msg_1', timestamp: now, body: '{"type":"deployment.running","data":"é😀"}' };

function headers(signature: string, { id, timestamp } = message) {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signature,
  };
}

/** What the official library makes of a secret that is no base64: it takes the bytes as they are. */
function official(secret: string): Webhook {
  return secret.startsWith('whsec_')
    ? new Webhook(secret)
    : new Webhook(Buffer.from(secret), { format: 'raw' });
}

test('the official library verifies what was signed with a new secret', () => {
  const secret = newSecret();
  const signature = sign({ ...message, keys: [secret] });
  const verify = (body: string) => new Webhook(secret).verify(body, headers(signature));
  expect(verify(message.body)).toEqual(JSON.parse(message.body));
  expect(() => verify(`${message.body} `)).toThrow('No matching signature');
});

test('the official library verifies what was signed with a text as the key', () => {
  const signature = sign({ ...message, keys: ['your-secret-key'] });
  const webhook = new Webhook('your-secret-key', { format: 'raw' });
  expect(webhook.verify(message.body, headers(signature))).toEqual(JSON.parse(message.body));
});

test('while a secret rotates, who knows either one can verify', () => {
  const [older, newer] = ['the-older-secret', newSecret()];
  const signature = sign({ ...message, keys: [newer, older] });
  expect(signature).toMatch(/^v1,[\w+/]{43}= v1,[\w+/]{43}=$/);
  for (const secret of [older, newer]) {
    expect(official(secret).verify(message.body, headers(signature))).toBeDefined();
  }
  expect(() => official('another-secret').verify(message.body, headers(signature))).toThrow();
});

test('the signature is that of the specification’s example', () => {
  const keys = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'];
  const body = '{"test": 2432232314}';
  const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
  expect(sign({ id, timestamp: 1_614_265_330, body, keys })).toBe(
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  );
});

test('any body and any secret that is accepted verifies', () => {
  const accepted = (secret: string) => {
    try {
      checkSecret(secret);
      return true;
    } catch {
      return false;
    }
  };
  const secrets = fc.oneof(
    fc.string({ unit: 'binary', minLength: 8, maxLength: 256 }),
    fc
      .uint8Array({ minLength: 24, maxLength: 64 })
      .map((bytes) => `whsec_${Buffer.from(bytes).toString('base64')}`),
  );
  fc.assert(
    fc.property(fc.json(), secrets.filter(accepted), (body, secret) => {
      const signature = sign({ ...message, body, keys: [secret] });
      official(secret).verify(body, headers(signature));
    }),
  );
});

test('every new secret is another one, and is accepted', () => {
  const secrets = Array.from({ length: 100 }, newSecret);
  expect(new Set(secrets).size).toBe(100);
  for (const secret of secrets) checkSecret(secret);
});

const base64 = (bytes: number) => `whsec_${Buffer.alloc(bytes, 251).toString('base64')}`;

test.each([
  ['the shortest', '12345678'],
  ['the longest', 'x'.repeat(256)],
  ['other letters', 'Schlüssel😀'],
  ['24 bytes', base64(24)],
  ['64 bytes', base64(64)],
])('a secret may be %s', (_what, secret) => {
  expect(() => checkSecret(secret)).not.toThrow();
});

test.each([
  ['shorter than 8 characters', '1234567', /8 to 256 characters; it has 7/],
  ['longer than 256 characters', 'x'.repeat(257), /8 to 256 characters; it has 257/],
  ['half a character', 'abcdefgh\ud800', /well-formed/],
  ['whsec_ without base64', 'whsec_not-base64-at-all!', /must be base64/],
  ['whsec_ in base64url', base64(32).replaceAll('+', '-'), /must be base64/],
  ['whsec_ without its padding', base64(32).replaceAll('=', ''), /padding/],
  ['whsec_ with less than 24 bytes', base64(23), /24 to 64 bytes .*; it is 23/],
  ['whsec_ with more than 64 bytes', base64(65), /24 to 64 bytes .*; it is 65/],
])('a secret may not be %s, and the refusal does not show it', (_what, secret, problem) => {
  expect(() => checkSecret(secret)).toThrow(problem);
  expect(() => checkSecret(secret)).toThrow(
    expect.objectContaining({
      code: 'VALIDATION_FAILED',
      details: [{ path: 'body.secret', message: expect.not.stringContaining(secret) }],
    }),
  );
});
