import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Engine } from './engine.ts';
import { readJsonLines } from './json-lines.ts';
import { labels } from './labels.ts';

const actions = ['start', 'die', 'pause', 'unpause'] as const;

export interface ContainerEvent {
  action: (typeof actions)[number];
  id: string;
  name: string;
  /** Its labels. */
  labels: Record<string, string>;
  /** Of a `die`. */
  exitCode: number | null;
}

const eventSchema = z.object({
  Action: z.enum(actions),
  Actor: z.object({
    ID: z.string(),
    Attributes: z
      .object({ name: z.string(), exitCode: z.coerce.number().int().optional() })
      .catchall(z.string()),
  }),
  time: z.int(),
});

/**
 * Calls back at every start, end and pause of a container of this BorgOS, until it is closed. When the
 * connection breaks it is made again, with growing pauses up to 10 s, and what happened meanwhile
 * is caught up with as far as the engine remembers; some of it may come twice.
 */
export function watchContainers(options: {
  engine: Engine;
  instance: string;
  onEvent: (event: ContainerEvent) => void;
}): { close(): Promise<void> } {
  const { engine, instance, onEvent } = options;
  const closing = new AbortController();
  let since = Math.floor(Date.now() / 1000);

  async function watch(): Promise<void> {
    const stream = await engine.ask(
      (docker, expired) =>
        docker.getEvents({
          since,
          filters: {
            type: ['container'],
            event: [...actions],
            label: [`${labels.instance}=${instance}`, labels.generation],
          },
          abortSignal: AbortSignal.any([closing.signal, expired]),
        }),
      { stream: true },
    );
    for await (const line of readJsonLines(stream)) {
      const event = eventSchema.safeParse(line);
      if (!event.success) continue;
      const { Action: action, Actor: actor, time } = event.data;
      since = time;
      const { name, exitCode = null, ...labels } = actor.Attributes;
      onEvent({ action, id: actor.ID, name, labels, exitCode });
    }
  }

  async function watchAlways(): Promise<void> {
    for (let pause = 100; !closing.signal.aborted; pause = Math.min(10_000, pause * 2)) {
      const begun = Date.now();
      // Whatever the reason, the answer is to try again: who calls the engine is told it is gone.
      await watch().catch(() => {});
      if (Date.now() - begun > 10_000) pause = 100;
      await delay(pause, null, { signal: closing.signal }).catch(() => {});
    }
  }

  const ended = watchAlways();
  return {
    async close() {
      closing.abort();
      await ended;
    },
  };
}
