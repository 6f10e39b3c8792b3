import { Client } from 'pg';
import { connectionTo } from './open.ts';

/**
 * Claims a BORGOS_HOME for this process: two servers on one home would fight over its containers
 * and ports. The claim is a lock of a database session, so it ends with the process, however that
 * ends. Returns what gives the claim up.
 *
 * @throws Error that names the process that has the home
 */
export async function claimHome({
  connectionString,
  home,
  instance,
}: {
  connectionString: string;
  home: string;
  instance: string;
}): Promise<() => Promise<void>> {
  const client = new Client({
    ...connectionTo(connectionString),
    application_name: `borgos ${process.pid}`,
  });
  // A lost session loses the claim; what then goes wrong is told by the queries that fail.
  client.on('error', () => {});
  await client.connect();
  try {
    const key = `borgos home ${instance}`;
    const { rows } = await client.query<{ claimed: boolean }>(
      'select pg_try_advisory_lock(hashtextextended($1, 0)) as claimed',
      [key],
    );
    if (rows[0]?.claimed) return () => client.end();
    throw new Error(
      `BorgOS already runs on ${home} (process ${await holderOf(client, key)}). Use that one, stop it, or start this one with another BORGOS_HOME and BORGOS_PORT.`,
    );
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

async function holderOf(client: Client, key: string): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `select a.application_name as name
       from pg_locks l join pg_stat_activity a using (pid)
      where l.locktype = 'advisory' and l.granted and l.objsubid = 1
        and (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended($1, 0)`,
    [key],
  );
  return rows[0]?.name.replace('borgos ', '') ?? 'unknown';
}
