import { type Db, transaction } from '../database/transaction.ts';
import { AppError, ReleaseFailure } from '../errors.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { createRedactor, type Redactor } from './redact.ts';
import * as revisionStore from './revision-store.ts';

type Sealed = Pick<revisionStore.SealedRevision, 'deployment_id' | 'number' | 'secrets'>;

/** As in a body; what the deploys of years have set together is held to it too. */
const mostSecrets = 256;
const mostCharacters = 262_144;
const batchSize = 100;

/** Before the first revision. */
export const noSecrets: Sealed = { deployment_id: 0, number: 0, secrets: {} };

/**
 * The secrets of a new revision, sealed for it: those of the one before, and what `changes` sets or,
 * with `null`, removes.
 * @throws AppError CONFLICT when a former one can neither be read nor is named, VALIDATION_FAILED
 *   when there are too many
 */
export function nextSecrets(
  secrets: Secrets,
  before: Sealed,
  { id, number }: { id: number; number: number },
  changes: Record<string, string | null> = {},
): Record<string, string> {
  const named = new Set(Object.keys(changes));
  const kept = Object.fromEntries(
    Object.entries(before.secrets).filter(([name]) => !named.has(name)),
  );
  const { values, unreadable } = openAll(secrets, { ...before, secrets: kept });
  if (unreadable.length > 0) {
    throw new AppError(
      'CONFLICT',
      `The secrets ${unreadable.join(', ')} cannot be decrypted: the key that they were encrypted with is lost, or they were changed. Set them again in "secrets", or remove them with null`,
    );
  }
  const set = Object.entries(changes).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  );
  const next = Object.fromEntries([...Object.entries(values), ...set]);
  assertBounded(next);
  const place = { deployment_id: id, number };
  return mapValues(next, (value, name) => secrets.seal(value, contextOf(place, name)));
}

/**
 * The values, for the app that is about to be started.
 * @throws ReleaseFailure START_FAILED
 */
export function openRevision(secrets: Secrets, revision: Sealed): Record<string, string> {
  const { values, unreadable } = openAll(secrets, revision);
  if (unreadable.length === 0) return values;
  throw new ReleaseFailure(
    'START_FAILED',
    `The secrets ${unreadable.join(', ')} cannot be decrypted: the key that they were encrypted with is lost, or they were changed. Deploy again, with "secrets" setting them anew or removing them with null.`,
  );
}

/** Which secrets are otherwise, by name. Of those that cannot be decrypted it is not told. */
export function compareSecrets(
  secrets: Secrets,
  before: Sealed,
  after: Sealed,
): { added: string[]; removed: string[]; changed: string[] } {
  const old = openAll(secrets, before).values;
  const now = openAll(secrets, after).values;
  const named = Object.keys(after.secrets);
  return {
    added: named.filter((name) => !Object.hasOwn(before.secrets, name)),
    removed: Object.keys(before.secrets).filter((name) => !Object.hasOwn(after.secrets, name)),
    changed: named.filter(
      (name) => Object.hasOwn(old, name) && Object.hasOwn(now, name) && old[name] !== now[name],
    ),
  };
}

/** For what is shown of a deployment: knows the secrets of all its revisions that are kept. */
export async function redactorOf(
  { db, secrets }: { db: Db; secrets: Secrets },
  deploymentId: number,
): Promise<Redactor> {
  const revisions = await revisionStore.listSealed(db, deploymentId);
  const values = revisions.flatMap((revision) => Object.values(openAll(secrets, revision).values));
  return createRedactor(new Set(values));
}

/**
 * Seals the secrets of all revisions anew, for a rotation of the key.
 * @param reseal gives `undefined` for what is to stay as it is
 * @returns how many values were changed
 */
export async function resealRevisions(
  db: Db,
  reseal: (sealed: string, context: string) => string | undefined,
): Promise<number> {
  let changed = 0;
  let last: Sealed | undefined = noSecrets;
  while (last) {
    const after: Sealed = last;
    // Anew at each try, lest one that is rolled back be counted twice.
    const batch = await transaction(db, async (db) => {
      const revisions = await revisionStore.listSealedAfter(db, after, batchSize);
      let count = 0;
      for (const revision of revisions) {
        const anew = Object.entries(revision.secrets).flatMap(([name, sealed]) => {
          const value = reseal(sealed, contextOf(revision, name));
          return value === undefined ? [] : [[name, value] as const];
        });
        if (anew.length === 0) continue;
        count += anew.length;
        await revisionStore.updateRevision(db, revision.deployment_id, revision.number, {
          secrets: { ...revision.secrets, ...Object.fromEntries(anew) },
        });
      }
      return { count, last: revisions.at(-1) };
    });
    changed += batch.count;
    last = batch.last;
  }
  return changed;
}

function contextOf({ deployment_id, number }: Omit<Sealed, 'secrets'>, name: string): string {
  return `revision:${deployment_id}:${number}:${name}`;
}

function openAll(secrets: Secrets, revision: Sealed) {
  const unreadable: string[] = [];
  const opened = Object.entries(revision.secrets).flatMap(([name, sealed]) => {
    try {
      return [[name, secrets.open(sealed, contextOf(revision, name))] as const];
    } catch {
      unreadable.push(name);
      return [];
    }
  });
  return { values: Object.fromEntries(opened), unreadable };
}

function assertBounded(values: Record<string, string>): void {
  const count = Object.keys(values).length;
  const size = JSON.stringify(values).length;
  if (count <= mostSecrets && size <= mostCharacters) return;
  throw new AppError('VALIDATION_FAILED', 'There would be too many secrets', {
    details: [
      {
        path: 'body.secrets',
        message: `with those that are set already, there would be ${count} of ${size} characters; at most ${mostSecrets} of ${mostCharacters} are kept: remove some with null`,
      },
    ],
  });
}

function mapValues(
  record: Record<string, string>,
  change: (value: string, name: string) => string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, change(value, name)]),
  );
}
