import { request as httpRequest } from 'node:http';

/** The proxy understood the call and refused it. */
export class ProxyRefusal extends Error {
  override name = 'ProxyRefusal';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** No proxy answered: not there, not in time, or it ended meanwhile. */
export class ProxyUnreachable extends Error {
  override name = 'ProxyUnreachable';
}

export interface ControlClient {
  /** Rejects with `ProxyRefusal` or `ProxyUnreachable`. Each call has its own connection. */
  call(method: string, path: string, body: unknown, timeoutMs: number): Promise<unknown>;
  /** Calls back once, when the proxy's process has ended or cannot be watched; returns a stop. */
  watch(onEnd: () => void): () => void;
}

const LONGEST_ANSWER = 16 * 1024 * 1024;

/** Speaks the proxy's control protocol over the unix socket at `socketPath`. */
export function createControlClient(socketPath: string): ControlClient {
  function send(method: string, path: string, body: unknown, timeoutMs: number) {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const outgoing = httpRequest({
      socketPath,
      method,
      path,
      agent: false,
      headers: payload === undefined ? {} : { 'Content-Length': Buffer.byteLength(payload) },
      signal: AbortSignal.timeout(timeoutMs),
    });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('error', reject);
      incoming.on('data', (piece: string) => {
        text += piece;
        if (text.length > LONGEST_ANSWER) outgoing.destroy(new Error('the answer is too long'));
      });
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text }));
    });
    outgoing.end(payload);
    return promise;
  }

  return {
    async call(method, path, body, timeoutMs) {
      let answer: Awaited<ReturnType<typeof send>>;
      let value: unknown;
      try {
        answer = await send(method, path, body, timeoutMs);
        value = JSON.parse(answer.text);
      } catch (error) {
        const what = `the proxy did not answer ${method} ${path}`;
        throw new ProxyUnreachable(`${what}: ${String(error)}`, { cause: error });
      }
      if (answer.status === 200) return value;
      const { code = 'UNKNOWN', message = answer.text } = Object(value);
      // One that is ending is as good as gone.
      if (code === 'ENDING') throw new ProxyUnreachable(String(message));
      throw new ProxyRefusal(String(code), String(message));
    },

    watch(onEnd) {
      const outgoing = httpRequest({ socketPath, path: '/watch', agent: false });
      outgoing.on('response', (incoming) => {
        incoming.on('error', () => {});
        incoming.resume();
      });
      outgoing.on('error', () => {});
      outgoing.once('close', onEnd);
      outgoing.end();
      return () => {
        outgoing.off('close', onEnd);
        outgoing.destroy();
      };
    },
  };
}
