export interface Target {
  host: string;
  port: number;
}

export interface Route {
  deploymentId: number;
  /** The port on this machine that visitors use. */
  port: number;
  /** `null`: nothing to serve yet, visitors get 503. */
  target: Target | null;
}

/** A route, and how it fares. */
export interface RouteState extends Route {
  /**
   * Why visitors don't reach its port, such as another program that took it while the proxy was
   * away; `null`: they do. The proxy goes on trying to bind the port, several times a second.
   */
  problem: string | null;
}

/** What owns the ports that visitors use: the proxy, a process of its own. */
export interface Router {
  /**
   * Binds the route's port if it is not bound yet, and sends new requests to its target from now
   * on. Throws `ReleaseFailure` PORT_IN_USE when another process holds the port.
   */
  route(route: Route): Promise<void>;
  /**
   * Waits until no request to `target` is in flight, at most `timeoutMs`; what is left then is cut.
   * For a target that the deployment's route has left: new requests would have no end.
   */
  drain(deploymentId: number, target: Target, timeoutMs: number): Promise<void>;
  /** Takes no new requests, drains, frees the port. Not routed: fine. */
  unroute(deploymentId: number, timeoutMs: number): Promise<void>;
  list(): Promise<RouteState[]>;
}
