import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { type Logger, pino } from 'pino';
import {
  type Command,
  help,
  parseCommandLine,
  requirePassword,
  UsageError,
} from './administration/command-line.ts';
import {
  type Opening,
  openStopped,
  openToChange,
  openToRead,
} from './administration/open-database.ts';
import { readPassword } from './administration/read-password.ts';
import { createAudit } from './audit/audit.ts';
import { verifyTrail } from './audit/verify.ts';
import { createAuth } from './auth/auth.ts';
import { systemActor } from './caller.ts';
import { createClosing } from './closing.ts';
import type { Database } from './database/open.ts';
import { resealRevisions } from './deployments/revision-secrets.ts';
import { resealDomains } from './domains/domain-secrets.ts';
import { createLogDestination } from './log-destination.ts';
import { resealMcpServers } from './mcp-servers/server-secrets.ts';
import { resealInstanceRecords } from './runtimes/process/instance-record.ts';
import { replaceLostKey, rotateKey } from './secrets/rotate-key.ts';
import { readSettings, SettingsError } from './settings.ts';
import { resealWebhooks } from './webhooks/webhook-secrets.ts';

/** After which a command that hangs although it is to stop is ended. */
const stopMs = 120_000;

const exitCodes = { broken: 1, failed: 2, notUnderstood: 64, wrongSettings: 78, interrupted: 130 };

interface Context extends Opening {
  log: Logger;
}

/** Does what the command line asks for, and returns the exit code. */
async function run(argv: string[], stopping: AbortSignal): Promise<number> {
  const { command, flags } = parseCommandLine(argv);
  if (command.name === 'help') {
    console.log(help);
    return 0;
  }
  const settings = readSettings({ argv: flags });
  for (const warning of settings.warnings) console.warn(`Warning: ${warning}`);
  const log = pino({ level: settings.logLevel }, createLogDestination(2));
  const closing = createClosing((error) => log.error({ err: error }, 'a part did not close'));
  try {
    return await carryOut(command, { settings, log, closing, stopping });
  } finally {
    await closing.run();
  }
}

function carryOut(command: Exclude<Command, { name: 'help' }>, context: Context): Promise<number> {
  if (command.name === 'verify-audit') return verifyAudit(context);
  if (command.name === 'set-password') return setPassword(command.user, context);
  return command.isLost ? goOnWithoutKey(context) : changeKey(context);
}

async function verifyAudit(context: Context): Promise<number> {
  const { home } = context.settings;
  const { db } = await openToRead(context);
  const result = await verifyTrail({ db, home, signal: context.stopping });
  const { head } = result;
  if (head) console.log(`Newest entry: ${head.seq} ${head.hash}`);
  if (result.valid) {
    console.log(
      `The audit trail is valid: all ${result.checked} entries are as they were written.`,
    );
    return 0;
  }
  console.log(
    `The audit trail is not valid; ${result.checked} entries were looked at.\n${result.problem}`,
  );
  return exitCodes.broken;
}

async function setPassword(user: string, context: Context): Promise<number> {
  const password = requirePassword(
    await readPassword({
      input: process.stdin,
      output: process.stderr,
      prompt: `New password for ${user}`,
      signal: context.stopping,
    }),
  );
  const { db } = await openToChange(context);
  noteAtEnd(db, context);
  // Nothing is signed here.
  const auth = createAuth({ db, log: context.log, signingKey: randomBytes(32) });
  const done = await auth.resetPassword(user, password);
  console.log(
    done === 'created'
      ? `${user} is an administrator now.`
      : `${user} has another password now, and all sessions of that user have ended.`,
  );
  return 0;
}

async function changeKey(context: Context): Promise<number> {
  const { home } = context.settings;
  const { db } = await openStopped(context);
  noteAtEnd(db, context);
  const { keyId, resealed } = await rotateKey({
    home,
    db,
    log: context.log,
    actor: systemActor,
    kept: [
      (reseal) => resealRevisions(db, reseal),
      (reseal) => resealWebhooks(db, reseal),
      (reseal) => resealDomains(db, reseal),
      (reseal) => resealMcpServers(db, reseal),
      (reseal) => resealInstanceRecords(path.join(home, 'instances'), reseal),
    ],
  });
  console.log(`The key is ${keyId} now, and ${resealed} secrets were encrypted with it.`);
  console.log(
    'Everybody has to log in again. Keep a copy of secrets.key, apart from the database.',
  );
  return 0;
}

async function goOnWithoutKey(context: Context): Promise<number> {
  const { db } = await openStopped(context);
  noteAtEnd(db, context);
  const { keyId } = await replaceLostKey({
    home: context.settings.home,
    db,
    log: context.log,
    actor: systemActor,
  });
  console.log(`The key is ${keyId} now. Secrets that were set before cannot be read:`);
  console.log(
    'set them anew with the next deploy of each deployment, and make webhooks others with',
  );
  console.log('POST /api/v1/webhooks/{id}/rotate-secret.');
  return 0;
}

/** For what adds to the audit trail: its newest entry is noted as at the end of the server. */
function noteAtEnd(db: Database['db'], { settings: { home }, log, closing }: Context): void {
  const audit = createAudit({ db, home, log });
  closing.add(() => audit.close());
}

function stopOnSignal(): AbortSignal {
  const stopping = new AbortController();
  const stop = () => {
    stopping.abort(new Error('interrupted'));
    setTimeout(() => process.exit(exitCodes.interrupted), stopMs).unref();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  return stopping.signal;
}

function exitCodeOf(error: unknown, stopping: AbortSignal): number {
  if (stopping.aborted) return exitCodes.interrupted;
  if (error instanceof UsageError) return exitCodes.notUnderstood;
  return error instanceof SettingsError ? exitCodes.wrongSettings : exitCodes.failed;
}

const stopping = stopOnSignal();
try {
  // Behind the interpreter, the script and `admin`.
  process.exitCode = await run(process.argv.slice(3), stopping);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = exitCodeOf(error, stopping);
}
process.exit();
