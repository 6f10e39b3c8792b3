import { expect, test } from 'vitest';
import { AppError } from '../errors.ts';
import { type AddressRulesOptions, createAddressRules } from './address-rules.ts';

const purpose = { who: 'webhooks', setting: 'BORGOS_WEBHOOK_ALLOW' };

function rules(options: Partial<AddressRulesOptions> = {}) {
  return createAddressRules({
    allow: [],
    allowLoopback: false,
    ownPorts: () => [8081],
    purpose,
    ...options,
  });
}

function problemOf(url: string, options: Partial<AddressRulesOptions> = {}): string | undefined {
  try {
    rules(options).checkUrl(url);
    return undefined;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    expect(error.code).toBe('VALIDATION_FAILED');
    expect(error.details?.[0]?.path).toBe('url');
    return error.message;
  }
}

test.each([
  'https://example.com/hooks?team=7',
  'http://example.com:8080/',
  'https://hooks.example.com./',
  'https://bücher.example/',
  'https://1.1.1.1/',
  'https://[2606:4700::1111]:8443/',
  'https://localhost.example.com/',
])('a webhook may go to %s', (url) => {
  expect(rules().checkUrl(url)).toBeInstanceOf(URL);
});

const loopback =
  /a loopback address: to allow it, an administrator adds .* to BORGOS_WEBHOOK_ALLOW/;
test.each([
  ['a path', '/hooks', /must be a whole URL, such as https:/],
  ['no URL', 'not a URL', /must be a whole URL/],
  ['a file', 'file:///etc/passwd', /must begin with https:\/\/ or http:\/\//],
  ['another protocol', 'ftp://example.com/', /must begin with https/],
  ['a script', 'javascript:alert(1)', /must begin with https/],
  ['a user', 'https://user@example.com/', /must have no user or password/],
  ['a password', 'https://:hunter2@example.com/', /must have no user or password/],
  ['port 0', 'https://example.com:0/', /must have a port of 1 to 65535/],
  ['loopback', 'http://127.0.0.1:9000/', loopback],
  ['other loopback', 'http://127.8.8.8/', loopback],
  ['its name', 'http://localhost:9000/', loopback],
  ['its name in capitals', 'http://LocalHost/', loopback],
  ['its name with a dot', 'http://localhost./', loopback],
  ['its name with two dots', 'http://localhost../', loopback],
  ['its name in wide letters', 'http://ｌｏｃａｌｈｏｓｔ/', loopback],
  ['a name under it', 'http://a.localhost/', loopback],
  ['loopback as a number', 'http://2130706433/', loopback],
  ['loopback in hex', 'http://0x7f000001/', loopback],
  ['loopback in hex parts', 'http://0x7f.0x0.0x0.0x1/', loopback],
  ['loopback in octal', 'http://0177.0.0.1/', loopback],
  ['loopback as one octal number', 'http://017700000001/', loopback],
  ['short loopback', 'http://127.1/', loopback],
  ['loopback with a dot', 'http://127.0.0.1./', loopback],
  ['wide digits', 'http://１２７.０.０.１/', loopback],
  ['circled digits', 'http://①②⑦.⓪.⓪.①/', loopback],
  ['other dots', 'http://127。0。0。1/', loopback],
  ['escaped digits', 'http://%31%32%37.0.0.1/', loopback],
  ['backslashes', 'http:\\\\127.0.0.1\\', loopback],
  ['no slashes', 'http:127.0.0.1', loopback],
  ['tabs', 'ht\ttp://127.0\n.0.1/', loopback],
  ['IPv6 loopback', 'http://[::1]/', loopback],
  ['long IPv6 loopback', 'http://[0:0:0:0:0:0:0:1]/', loopback],
  ['mapped loopback', 'http://[::ffff:127.0.0.1]/', loopback],
  ['mapped loopback in hex', 'http://[::ffff:7f00:1]/', loopback],
  ['loopback over NAT64', 'http://[64:ff9b::7f00:1]/', loopback],
  ['compatible loopback', 'http://[::127.0.0.1]/', /a reserved address/],
  ['loopback over 6to4', 'http://[2002:7f00:1::]/', /a reserved address/],
  ['loopback over Teredo', 'http://[2001:0:7f00:1::]/', /a reserved address/],
  ['nothing', 'http://0.0.0.0/', /an unspecified address/],
  ['nothing as a number', 'http://0/', /an unspecified address/],
  ['nothing in IPv6', 'http://[::]/', /an unspecified address/],
  ['a private address', 'http://10.0.0.1/', /10\.0\.0\.1 is a private address.* 10\.0\.0\.1:80 /],
  ['a private IPv6 address', 'https://[fd00::1]/', /\[fd00::1\] is a private .* \[fd00::1\]:443 /],
  ['metadata', 'http://169.254.169.254/latest/meta-data/', /a link-local address/],
  ['metadata as a number', 'http://2852039166/', /a link-local address/],
  ['metadata by name', 'http://metadata.google.internal/', /the metadata service of a cloud/],
  ['metadata by name with a dot', 'http://metadata.google.internal./', /the metadata service/],
  ['a zone', 'http://[fe80::1%25eth0]/', /must be a whole URL/],
])('a webhook may not go to %s', (_what, url, problem) => {
  expect(problemOf(url)).toMatch(problem);
});

test('a refused password is not shown', () => {
  expect(problemOf('https://:hunter2@example.com/')).not.toContain('hunter2');
});

test('what the administrator allows is allowed exactly, with that host and that port', () => {
  const allow = [
    '127.0.0.1:9000',
    'Hooks.Internal:8443',
    '[::1]:9000',
    '10.0.0.1:80',
    'metadata:80',
  ];
  const problem = (url: string) => problemOf(url, { allow });
  expect(problem('http://127.0.0.1:9000/hook')).toBeUndefined();
  expect(problem('http://[::1]:9000/')).toBeUndefined();
  expect(problem('http://10.0.0.1/')).toBeUndefined();
  expect(problem('http://metadata/')).toBeUndefined();
  for (const url of ['http://127.0.0.1:9001/', 'http://localhost:9000/', 'http://[::1]/']) {
    expect(problem(url)).toMatch(loopback);
  }
  expect(problem('https://10.0.0.1/')).toMatch(/private/);
  const { refusalOf } = rules({ allow });
  expect(refusalOf('10.1.2.3', 'hooks.internal', 8443)).toBeUndefined();
  expect(refusalOf('10.1.2.3', 'hooks.internal.', 8443)).toBeUndefined();
  expect(refusalOf('10.1.2.3', 'hooks.internal', 443)).toMatch(/10\.1\.2\.3.* private/);
  // Another name may not borrow it.
  expect(refusalOf('127.0.0.1', 'evil.test', 9000)).toMatch(/evil\.test resolves to 127\.0\.0\.1/);
});

test('the local user’s loopback is that and no more', () => {
  const { refusalOf } = rules({ allowLoopback: true });
  const problem = (url: string) => problemOf(url, { allowLoopback: true });
  for (const host of ['127.0.0.1', '127.0.0.2', '[::1]', 'localhost', 'localhost.', '2130706433']) {
    expect(problem(`http://${host}:9000/`)).toBeUndefined();
  }
  expect(refusalOf('127.0.0.1', 'localhost', 9000)).toBeUndefined();
  expect(refusalOf('::1', 'localhost', 9000)).toBeUndefined();
  for (const host of [
    '0.0.0.0',
    '10.0.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '[::]',
    '[fd00::1]',
  ]) {
    expect(problem(`http://${host}:9000/`)).toMatch(/BORGOS_WEBHOOK_ALLOW/);
  }
  expect(refusalOf('10.0.0.1', 'localhost', 9000)).toMatch(/private/);
  expect(refusalOf('0.0.0.0', 'localhost', 9000)).toMatch(/unspecified/);
  // A name of somebody else's that points here is an attack.
  expect(refusalOf('127.0.0.1', 'evil.test', 9000)).toMatch(loopback);
  expect(refusalOf('127.0.0.1', 'a.localhost', 9000)).toMatch(loopback);
});

test('no webhook reaches BorgOS itself, whatever is allowed', () => {
  const allow = [
    '127.0.0.1:8081',
    'localhost:8081',
    'hooks.internal:8081',
    '0.0.0.0:8081',
    '[::]:8081',
  ];
  const options = { allow, allowLoopback: true };
  const itself = /is BorgOS itself/;
  for (const host of ['127.0.0.1', '127.0.0.2', '[::1]', 'localhost', '0.0.0.0', '[::]', '127.1']) {
    expect(problemOf(`http://${host}:8081/`, options)).toMatch(itself);
  }
  expect(problemOf('http://[::ffff:127.0.0.1]:8081/', options)).toMatch(itself);
  expect(rules(options).refusalOf('127.0.0.1', 'hooks.internal', 8081)).toMatch(itself);
  expect(problemOf('http://127.0.0.1:8082/', options)).toBeUndefined();
});

test('which ports are BorgOS’s own is asked each time, as they are known only when it listens', () => {
  let ports: number[] = [];
  const { refusalOf } = rules({ allowLoopback: true, ownPorts: () => ports });
  expect(refusalOf('127.0.0.1', '127.0.0.1', 80)).toBeUndefined();
  ports = [80];
  expect(refusalOf('127.0.0.1', '127.0.0.1', 80)).toMatch(/BorgOS itself/);
});

test.each([
  ...['127.0.0.1', 'hooks.internal', ':9000', 'host:0', 'host:65536', 'http://host:80', '::1:9000'],
  ...['host:80/path', 'user@host:80', 'a b:80', '10.0.0.0/8:80', '*:80 ', ''],
])('an administrator who writes %j hears what would be right', (entry) => {
  expect(() => rules({ allow: [entry] })).toThrow(/must be host:port, such as 127\.0\.0\.1:9000/);
});
