import { onTestFinished } from 'vitest';
import type { Target } from '../route.ts';
import { createRouteTable, type RouteTable } from '../route-table.ts';
import { freePort } from './targets.ts';

export interface Proxied {
  table: RouteTable;
  /** The visitors' port of deployment 7. */
  port: number;
  switchTo(target: Target | null): Promise<void>;
}

/** Deployment 7 behind a proxy in this process, until the test ends. */
export async function proxied(
  target: Target | null,
  trustedProxies: string[] = [],
): Promise<Proxied> {
  const table = await createRouteTable(
    [],
    async () => {},
    () => {},
  );
  onTestFinished(() => table.stop(0));
  const port = await freePort();
  const switchTo = (to: Target | null) =>
    table.put({ deploymentId: 7, host: '127.0.0.1', port, target: to, trustedProxies });
  await switchTo(target);
  return { table, port, switchTo };
}
