/** What one visitor, target or control client may cost at most. Times in milliseconds. */
export const limits = {
  /** Request line and headers together, in bytes; more is 431. */
  headerBytes: 32 * 1024,
  /** From the first byte of a request to the end of its headers. */
  headersMs: 30_000,
  /** A kept-alive visitor connection without a request. */
  visitorIdleMs: 75_000,
  /** A request body of which no byte comes any more while the target has not answered. */
  bodyIdleMs: 5 * 60_000,
  /** Connections of visitors on one port; more are closed as they come. */
  connectionsPerPort: 4096,
  /** Requests that wait behind another one on one connection. */
  pipelined: 32,
  /** After which dead peers of silent streams are looked for by TCP keep-alive. */
  tcpKeepAliveMs: 60_000,
  connectMs: 3_000,
  /** From the whole request sent to the answer's headers: long polls are fine, forever is not. */
  answerMs: 10 * 60_000,
  /** 1xx answers before the answer proper: they are written whether the visitor reads or not. */
  informations: 64,
  /**
   * An idle connection to a target. Shorter than the keep-alive of common servers (2 to 75 s), so
   * that a request which may not be repeated practically never meets a connection being closed.
   */
  targetIdleMs: 1_000,
  /** What a visitor may send ahead of the answer to its upgrade, in bytes. */
  aheadBytes: 64 * 1024,
  /** An upgraded connection of which one side has ended and the other is silent. */
  halfClosedMs: 60_000,
  /** A port that was taken when the proxy came back is tried again this often. */
  rebindMs: 250,
  /** From a connection to the end of its TLS handshake. */
  handshakeMs: 10_000,
  /** Domains, and challenges, at most. */
  domains: 2_000,
  controlBodyBytes: 16 * 1024,
  /** All domains at once, some 400 bytes each. */
  domainsBodyBytes: 1024 * 1024,
  drainMs: 10 * 60_000,
  /** What is in flight when the proxy itself is told to end. */
  farewellMs: 2_000,
  logBytes: 1024 * 1024,
};
