import { type ClientRequest, request as httpRequest, type RequestOptions } from 'node:http';
import { limits } from './limits.ts';
import type { Upstream } from './upstream.ts';

export interface OpenedRequest {
  outgoing: ClientRequest;
  /** Whether a connection stood: before that the target cannot have seen anything. */
  wasConnected(): boolean;
}

/**
 * A request to a target whose connection has to stand within `limits.connectMs`. One that is
 * answered with 1xx without end fails like an answer that is no HTTP (`HPE_…`).
 */
export function openRequest(upstream: Upstream, options: RequestOptions): OpenedRequest {
  const outgoing = httpRequest({
    host: upstream.target.host,
    port: upstream.target.port,
    setHost: false,
    maxHeaderSize: limits.headerBytes,
    ...options,
  });
  // Headers are bounded by their size, not by Node's count of 1000.
  outgoing.maxHeadersCount = 0;
  let informations = 0;
  outgoing.on('information', () => {
    informations += 1;
    if (informations <= limits.informations) return;
    outgoing.destroy(Object.assign(new Error('endless 1xx'), { code: 'HPE_ENDLESS_1XX' }));
  });
  let connected = false;
  outgoing.once('socket', (socket) => {
    connected = !socket.connecting;
    if (connected) return;
    const timer = setTimeout(() => {
      outgoing.destroy(Object.assign(new Error('connect timeout'), { code: 'ETIMEDOUT' }));
    }, limits.connectMs);
    socket.once('connect', () => {
      connected = true;
      clearTimeout(timer);
    });
    outgoing.once('close', () => clearTimeout(timer));
  });
  return { outgoing, wasConnected: () => connected };
}
