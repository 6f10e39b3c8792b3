import { password, userName } from '@borgos/contracts/auth';
import type { z } from 'zod';
import { nearestName } from '../nearest-name.ts';

export type Command =
  | { name: 'help' }
  | { name: 'verify-audit' }
  | { name: 'rotate-key'; isLost: boolean }
  | { name: 'set-password'; user: string };

const names: Command['name'][] = ['help', 'rotate-key', 'set-password', 'verify-audit'];

/** What was typed is none of the commands; the message says what is. Never quotes an operand. */
export class UsageError extends Error {
  override name = 'UsageError';
}

export const help = `What an administrator needs when the API is not at hand.

Usage: npm run admin -- <command> [--setting value …]

  verify-audit
      Computes the audit trail's hashes anew and says whether every entry is as it was written.
      Changes nothing; BorgOS may run meanwhile. Exits with 0 if it is, with 1 if it is not.
  set-password <user>
      Gives a user another password, or makes an administrator of that name. Asks for the password,
      or reads one line of standard input. BorgOS may run meanwhile.
  rotate-key [--lost]
      Encrypts all secrets with a new key. BorgOS must be stopped. With --lost: goes on without the
      key that they were encrypted with, if that is gone for good; they have to be set anew.
  help
      Prints this text.

The settings are those of BorgOS, and have to be the same as it is started with: BORGOS_HOME and
DATABASE_URL. All of them: npm start -- --help. Exits with 2 when a command could not do its work,
64 when it is not understood, and 78 when a setting is wrong.
`;

/**
 * Tells the command and its operands from the flags that are settings.
 * @param argv without the interpreter, the script and `admin`
 * @throws UsageError
 */
export function parseCommandLine(argv: string[]): { command: Command; flags: string[] } {
  const { words, flags, isLost } = split(argv);
  const [name, ...operands] = words;
  if (name === undefined || flags.some((flag) => flag === '--help' || flag === '-h')) {
    return { command: { name: 'help' }, flags: [] };
  }
  return { command: commandOf(name, operands, isLost), flags };
}

function commandOf(name: string, operands: string[], isLost: boolean): Command {
  const known = names.find((each) => each === name);
  if (!known) {
    const near = nearestName(name, names);
    const meant = near ? `: did you mean ${near}?` : '.';
    throw new UsageError(
      `There is no such command${meant} The commands are ${names.join(', ')}; see npm run admin -- help`,
    );
  }
  if (isLost && known !== 'rotate-key') throw new UsageError('--lost belongs to rotate-key only');
  if (known === 'set-password') return setPassword(operands);
  if (operands.length > 0) throw new UsageError(`${known} takes nothing but --settings`);
  return known === 'rotate-key' ? { name: known, isLost } : { name: known };
}

function setPassword([user, ...others]: string[]): Command {
  if (user === undefined) throw new UsageError('set-password needs a user: set-password <user>');
  if (others.length > 0) {
    throw new UsageError(
      'set-password takes only the name of a user: all users of this machine can read what is on a command line. The password is asked for, or read from standard input.',
    );
  }
  return { name: 'set-password', user: requireValid(userName, 'The name of the user', user) };
}

/** @throws UsageError that does not show it */
export function requirePassword(text: string): string {
  return requireValid(password, 'The password', text);
}

function requireValid<T>(schema: z.ZodType<T>, what: string, value: string): T {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  throw new UsageError(`${what} ${error.issues.map((issue) => issue.message).join('; ')}`);
}

function split(argv: string[]): { words: string[]; flags: string[]; isLost: boolean } {
  const words: string[] = [];
  const flags: string[] = [];
  let isLost = false;
  let takesValue = false;
  for (const argument of argv) {
    const isFlag = argument.startsWith('-');
    if (argument === '--lost') isLost = true;
    else if (isFlag || takesValue) flags.push(argument);
    else words.push(argument);
    // As settings are read: a value follows its flag, or is behind a "=" in it.
    const isSetting = argument.startsWith('--') && argument !== '--lost' && argument !== '--help';
    takesValue = isSetting && !argument.includes('=');
  }
  return { words, flags, isLost };
}
