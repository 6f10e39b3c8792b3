import type { RouteCounts } from './route-counts.ts';
import type { Upstream } from './upstream.ts';

/** What the handling of one visitor's request needs to know of its route, always up to date. */
export interface Site {
  readonly deploymentId: number;
  readonly counts: RouteCounts;
  /** The port that visitors use. */
  port(): number;
  /** Where new requests go; `null`: nowhere yet. */
  upstream(): Upstream | null;
  /** Whether the `X-Forwarded-*` headers of this peer are believed. */
  trusts(address: string): boolean;
}

/** One port's view of its site. */
export interface Visit {
  readonly site: Site;
  /** The port takes no more requests: answers end their connection. */
  isClosing(): boolean;
}
