import type { Db } from '../database/transaction.ts';
import * as store from './delivery-store.ts';

const keepMs = 30 * 86_400_000;
const mostKept = 10_000;
const batchSize = 2_000;

/**
 * Deletes deliveries that are older than 30 days, and all but the newest 10,000 of each webhook; those
 * that are still to be sent stay. In batches, so that nobody waits for it.
 * @param now in milliseconds since 1970
 */
export async function forgetOldDeliveries(db: Db, now: number, signal: AbortSignal): Promise<void> {
  const before = new Date(now - keepMs);
  await inBatches(() => store.deleteDeliveriesBefore(db, before, batchSize), signal);
  for (const last of await store.listBeyond(db, mostKept)) {
    await inBatches(() => store.deleteDeliveriesUpTo(db, last, batchSize), signal);
  }
}

/** The next one begins only when there may be more. */
async function inBatches(deleteBatch: () => Promise<number>, signal: AbortSignal): Promise<void> {
  let deleted = batchSize;
  while (deleted === batchSize && !signal.aborted) deleted = await deleteBatch();
}
