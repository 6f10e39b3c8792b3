import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerMessage } from './run-worker.ts';
import { findZenithProjects } from './zenith/find-zenith-projects.ts';
import { lookUpPaths } from './zenith/look-up-paths.ts';
import { planSync } from './zenith/plan-sync.ts';
import type { ZenithRequest, ZenithResult } from './zenith.ts';

// A thread of its own, as it looks into thousands of folders.
const { roots, folders, searchPath, known }: ZenithRequest = workerData;
const search = await findZenithProjects(roots, { searchPath });
const plan = planSync(
  search.projects,
  await lookUpPaths(known),
  [...roots, ...folders],
  search.unsearched,
);
const result: ZenithResult = {
  plan,
  count: search.projects.length,
  truncated: search.truncated,
  ignoredHints: search.ignoredHints,
};
parentPort?.postMessage({ kind: 'result', result } satisfies WorkerMessage<ZenithResult, never>);
