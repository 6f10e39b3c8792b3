import { setTimeout as wait } from 'node:timers/promises';
import { Client, type ClientConfig, escapeIdentifier } from 'pg';
import type { BaseLogger } from 'pino';

export interface Listening {
  close(): Promise<void>;
}

const firstRetryMs = 100;
const slowestRetryMs = 5_000;

/**
 * Calls back after every NOTIFY on a channel, over a connection of its own. A connection that is
 * lost is made again until `close`; then it calls back too, as notifications may have been missed.
 *
 * Rejects if the first connection cannot be made.
 */
export async function listen({
  connection,
  channel,
  callback,
  log,
}: {
  connection: ClientConfig;
  channel: string;
  callback: () => void;
  log: Pick<BaseLogger, 'warn'>;
}): Promise<Listening> {
  const closing = new AbortController();
  let current = await connect();
  let reconnecting: Promise<void> | undefined;

  async function connect(): Promise<Client> {
    const client = new Client({ ...connection, application_name: 'borgos listen' });
    // Every loss ends in `end`, which is where it is dealt with.
    client.on('error', (error) =>
      log.warn({ err: error, channel }, 'the listener lost its server'),
    );
    client.on('notification', callback);
    try {
      await client.connect();
      await client.query(`listen ${escapeIdentifier(channel)}`);
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    client.once('end', () => {
      if (!closing.signal.aborted) reconnecting = reconnect();
    });
    return client;
  }

  async function reconnect(): Promise<void> {
    for (let delayMs = firstRetryMs; !closing.signal.aborted; delayMs *= 2) {
      // Rejects only when closing, which ends the loop.
      await wait(Math.min(delayMs, slowestRetryMs), undefined, closing).catch(() => {});
      if (closing.signal.aborted) return;
      try {
        current = await connect();
        callback();
        return;
      } catch (error) {
        log.warn({ err: error, channel }, 'the listener cannot reach its server; trying again');
      }
    }
  }

  return {
    async close() {
      closing.abort();
      await reconnecting;
      await current.end().catch(() => {});
    },
  };
}
