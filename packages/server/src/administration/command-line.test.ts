import { expect, test } from 'vitest';
import { parseCommandLine, requirePassword, UsageError } from './command-line.ts';

test.each<[string[], object]>([
  [[], { name: 'help' }],
  [['help'], { name: 'help' }],
  [['verify-audit', '--help'], { name: 'help' }],
  [['verify-audit'], { name: 'verify-audit' }],
  [['rotate-key'], { name: 'rotate-key', isLost: false }],
  [['--lost', 'rotate-key'], { name: 'rotate-key', isLost: true }],
  [['set-password', 'Ada'], { name: 'set-password', user: 'ada' }],
])('%j is a command', (argv, command) => {
  expect(parseCommandLine(argv).command).toEqual(command);
});

test.each([
  [['--home', '/srv/borgos', 'set-password', '--log-level=debug', 'ada']],
  [['set-password', '--home', '/srv/borgos', 'ada', '--log-level=debug']],
])('settings may stand anywhere: %j', (argv) => {
  expect(parseCommandLine(argv)).toEqual({
    command: { name: 'set-password', user: 'ada' },
    flags: ['--home', '/srv/borgos', '--log-level=debug'],
  });
});

test.each([
  [['verify-audits'], /did you mean verify-audit\?/],
  [['fly-away'], /no such command\. The commands are help, rotate-key, set-password, verify-audit/],
  [['verify-audit', 'now'], /takes nothing but --settings/],
  [['verify-audit', '--lost'], /--lost belongs to rotate-key/],
  [['set-password'], /needs a user/],
  [['set-password', 'a b'], /name of the user must be/],
])('%j is refused, and it says what would be right', (argv, message) => {
  expect(() => parseCommandLine(argv)).toThrow(UsageError);
  expect(() => parseCommandLine(argv)).toThrow(message);
});

test('a password is taken from no command line, and shown by no error', () => {
  const secret = 'hunter2-hunter2';
  for (const argv of [['set-password', 'ada', secret], [secret], ['verify-audit', secret]]) {
    expect(() => parseCommandLine(argv)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(secret) }),
    );
  }
  expect(() => requirePassword('hunter2')).toThrow(
    /^The password must have at least 12 characters$/,
  );
  expect(requirePassword(secret)).toBe(secret);
});
