import type { api } from '@borgos/contracts';
import type { Handlers } from '@borgos/contracts/endpoint';
import type { ProjectFiles } from './project-files.ts';
import type { Scans } from './scans.ts';
import type { Zenith } from './zenith.ts';

export function scanHandlers(scans: Scans, zenith: Zenith): Handlers<(typeof api)['scans']> {
  return {
    start: async ({ id }, { actor }) => {
      const scan = await scans.start(id, 'request', actor);
      return { message: `Scan initiated for project ${id}`, scan_id: scan.id };
    },
    list: (query) => scans.list(query),
    get: ({ id, scan_id }) => scans.get(id, scan_id),
    cancel: ({ id, scan_id }, { actor }) => scans.cancel(id, scan_id, actor),
    scores: ({ id }) => scans.scores(id),
    zenith: async (_, { actor, signal }) => {
      const { count, ...rest } = await zenith.sync(actor, signal);
      return { message: `Scanned and synced ${count} Zenith projects`, count, ...rest };
    },
  };
}

export function projectFileHandlers(files: ProjectFiles): Handlers<(typeof api)['projectFiles']> {
  return {
    list: (query, { signal }) => files.list(query, signal),
    read: (query) => files.read(query),
  };
}
