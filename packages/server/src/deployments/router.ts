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

/**
 * What became of the requests to one deployment, counted since `epoch` began; every request is in
 * exactly one of the numbers, once it is known which. They never fall within one epoch.
 */
export interface RequestCounts {
  deploymentId: number;
  epoch: string;
  /** Answers of the app by class. */
  answered: { '2xx': number; '3xx': number; '4xx': number; '5xx': number };
  /** Answered by the proxy, as the app was not there, not reachable or too slow. */
  proxyErrors: number;
  /** Without an answer: the visitor left before it came, or the request was cut off. */
  aborted: number;
  /** Became a WebSocket or another protocol. */
  upgraded: number;
  /** How often the app's answers took about how long to begin, the shortest first. */
  latency: [milliseconds: number, count: number][];
  /** Connections of visitors that are open now. */
  connections: number;
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
  /**
   * What became of the requests, of deployments that are routed or were; within 2 s, and without
   * waiting for a proxy that is not there. `null`: this proxy is too old to tell.
   */
  counts(): Promise<RequestCounts[] | null>;
}
