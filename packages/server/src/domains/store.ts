import { type Insertable, type Selectable, sql, type Updateable } from 'kysely';
import type { Tables } from '../database/tables.ts';
import { constraintOf, type Db } from '../database/transaction.ts';
import { notFound } from '../errors.ts';

export type DomainRow = Selectable<Tables['domains']>;
type DomainFields = Omit<Updateable<Tables['domains']>, 'domain' | 'deployment_id'>;

export async function listDomains(
  db: Db,
  deploymentId: number,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ items: DomainRow[]; total: number }> {
  const ofDeployment = db.selectFrom('domains').where('deployment_id', '=', deploymentId);
  const items = await ofDeployment
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('domain')
    .limit(limit)
    .offset(offset)
    .execute();
  const { total } = await ofDeployment
    .select(sql<number>`count(*)`.as('total'))
    .executeTakeFirstOrThrow();
  return { items, total };
}

/** Lets one after the other count and add, until the transaction ends. */
export async function lockAdding(db: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('borgos domains'))`.execute(db);
}

export async function countDomains(db: Db): Promise<number> {
  const row = await db
    .selectFrom('domains')
    .select(sql<number>`count(*)`.as('total'))
    .executeTakeFirstOrThrow();
  return row.total;
}

export async function findDomain(
  db: Db,
  domain: string,
): Promise<(DomainRow & { deployment_name: string }) | undefined> {
  return db
    .selectFrom('domains as n')
    .innerJoin('deployments as d', 'd.id', 'n.deployment_id')
    .selectAll('n')
    .select('d.name as deployment_name')
    .where('n.domain', '=', domain)
    .executeTakeFirst();
}

/** `undefined`: another deployment was faster. */
export async function insertDomain(
  db: Db,
  fields: Pick<Insertable<Tables['domains']>, 'domain' | 'status' | 'next_attempt_at'> & {
    deployment_id: number;
  },
): Promise<DomainRow | undefined> {
  return db
    .insertInto('domains')
    .values(fields)
    .onConflict((conflict) => conflict.column('domain').doNothing())
    .returningAll()
    .executeTakeFirst()
    .catch((error) => {
      if (constraintOf(error) !== 'domains_deployment_id_fkey') throw error;
      throw notFound('Deployment', fields.deployment_id);
    });
}

export async function deleteDomain(db: Db, deploymentId: number, domain: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('domains')
    .where('domain', '=', domain)
    .where('deployment_id', '=', deploymentId)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Brings the next attempt forward to that moment, where there is one and it would come later. */
export async function hasten(db: Db, domain: string, at: Date): Promise<void> {
  await db
    .updateTable('domains')
    .set({ next_attempt_at: at })
    .where('domain', '=', domain)
    .where('failures', '>', 0)
    .where('next_attempt_at', '>', at.toISOString())
    .execute();
}

/** All that the proxy is to know, but for the keys, which are read when they are needed. */
export async function listServed(db: Db) {
  return db
    .selectFrom('domains')
    .select([
      'domain',
      'deployment_id',
      'certificate',
      'certificate_chain',
      'certificate_key',
      'challenge_token',
      'challenge_answer',
    ])
    .orderBy('domain')
    .execute();
}

/** Wants certificates for those that have none, or wants none any more. */
export async function wantCertificates(db: Db, wanted: boolean, at: Date): Promise<void> {
  const query = db.updateTable('domains').where('certificate', 'is', null);
  if (wanted) {
    const fields = { status: 'pending', status_reason: null, next_attempt_at: at } as const;
    await query.where('next_attempt_at', 'is', null).set(fields).execute();
  } else {
    const fields = { status: 'active', status_reason: null, next_attempt_at: null } as const;
    await query
      .where('next_attempt_at', 'is not', null)
      .set({ ...fields, failures: 0 })
      .execute();
  }
}

/** Takes the domain whose attempt is due the longest. */
export async function claimDue(
  db: Db,
  { by, at, until }: { by: string; at: Date; until: Date },
): Promise<DomainRow | undefined> {
  return db
    .updateTable('domains')
    .set({
      claimed_by: by,
      claimed_until: until,
      last_attempt_at: at,
      updated_at: at,
      status: sql`case when certificate is null then 'issuing' else status end`,
    })
    .where('domain', '=', (eb) =>
      eb
        .selectFrom('domains')
        .select('domain')
        .where('next_attempt_at', '<=', at.toISOString())
        .where((or) =>
          or.or([or('claimed_until', 'is', null), or('claimed_until', '<', at.toISOString())]),
        )
        .orderBy('next_attempt_at')
        .limit(1)
        .forUpdate()
        .skipLocked(),
    )
    .returningAll()
    .executeTakeFirst();
}

/** When the next attempt is due that nobody makes; `null`: none is. */
export async function findNextDue(db: Db): Promise<string | null> {
  const row = await db
    .selectFrom('domains')
    .select((eb) => eb.fn.min('next_attempt_at').as('due'))
    .where('claimed_until', 'is', null)
    .executeTakeFirst();
  return row?.due ?? null;
}

/** Only while it is still claimed by this server; returns whether it was. */
export async function updateClaimed(
  db: Db,
  { domain, by }: { domain: string; by: string },
  fields: DomainFields,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('domains')
    .set({ ...fields, updated_at: new Date() })
    .where('domain', '=', domain)
    .where('claimed_by', '=', by)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** What a server had in hand when it ended, however it ended, is there for the next one. */
export async function releaseClaims(db: Db, by: string): Promise<void> {
  await db
    .updateTable('domains')
    .set({ claimed_by: null, claimed_until: null })
    .where('claimed_by', '=', by)
    .execute();
}

export async function lockDomainKeys(db: Db) {
  return db
    .selectFrom('domains')
    .select(['domain', 'certificate_key', 'order_key'])
    .orderBy('domain')
    .forUpdate()
    .execute();
}

export async function updateDomainKeys(
  db: Db,
  domain: string,
  keys: { certificate_key: string | null; order_key: string | null },
): Promise<void> {
  await db.updateTable('domains').set(keys).where('domain', '=', domain).execute();
}

export interface AccountName {
  /** URL of the ACME server's directory. */
  directory: string;
  email: string;
}

export type AccountRow = Selectable<Tables['acme_accounts']>;

/** The account; made with that key if there is none. */
export async function findOrInsertAccount(
  db: Db,
  { directory, email }: AccountName,
  key: string,
): Promise<AccountRow> {
  await db
    .insertInto('acme_accounts')
    .values({ directory, email, key })
    .onConflict((conflict) => conflict.columns(['directory', 'email']).doNothing())
    .execute();
  return db
    .selectFrom('acme_accounts')
    .selectAll()
    .where('directory', '=', directory)
    .where('email', '=', email)
    .executeTakeFirstOrThrow();
}

export async function updateAccount(
  db: Db,
  { directory, email }: AccountName,
  fields: { url?: string | null; key?: string },
): Promise<void> {
  await db
    .updateTable('acme_accounts')
    .set(fields)
    .where('directory', '=', directory)
    .where('email', '=', email)
    .execute();
}

export async function lockAccountKeys(db: Db): Promise<AccountRow[]> {
  return db
    .selectFrom('acme_accounts')
    .selectAll()
    .orderBy('directory')
    .orderBy('email')
    .forUpdate()
    .execute();
}
