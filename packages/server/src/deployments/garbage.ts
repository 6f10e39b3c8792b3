import type { Converger } from './converge.ts';
import { pruneRevisions } from './retire.ts';
import * as revisionStore from './revision-store.ts';
import * as store from './store.ts';
import type { Worker } from './worker.ts';

/**
 * Removes what BorgOS has made and nobody needs any more: builds beyond the last that served, with
 * their logs, and what a killed or failed step left; with `cache`, also downloads that only save
 * time. Never a volume, and nothing of others. What is there is compared with what is recorded, so
 * that what one pass misses the next one finds. No build may run meanwhile.
 */
export async function removeGarbage(
  worker: Worker,
  converger: Pick<Converger, 'whileIdle'>,
  { cache }: { cache: boolean },
): Promise<void> {
  const { db, runtime } = worker;
  for (const { id } of await store.listRows(db)) {
    // One that is worked on prunes itself, and knows what it is about to need.
    await converger.whileIdle(id, () => pruneRevisions(worker, id));
  }
  await runtime.removeGarbage(new Set(await revisionStore.listArtifacts(db)), { cache });
}
