import type { Channel } from '@borgos/contracts/channels';
import { type AnyEvent, type EventType, eventPlace } from '@borgos/contracts/events';
import { textFrame } from './frames.ts';

/** An event as the WebSocket tells it. */
export interface ToldEvent {
  readonly seq: number;
  /** The two subscriptions to which it is told: `deployments` and `deployments:7`. */
  readonly channel: Channel;
  readonly object: string | null;
  /** Its bytes; made for the first who is told, and then the same for all. */
  frame(): Buffer;
}

/** `null`: it is for nobody here. */
export function toldEvent(event: AnyEvent): ToldEvent | null {
  const place = eventPlace[event.type];
  if (!place) return null;
  const { channel } = place;
  const id = place.object === null ? undefined : fieldOf(event.data, place.object);
  let frame: Buffer | undefined;
  return {
    seq: event.seq,
    channel,
    object: id === undefined ? null : `${channel}:${id}`,
    frame() {
      const { type, data, seq, timestamp } = event;
      frame ??= textFrame(JSON.stringify({ type, data, seq, timestamp }));
      return frame;
    },
  };
}

/** Every type that is told on one of these channels. */
export function typesOn(channels: ReadonlySet<Channel>): EventType[] {
  return (Object.keys(eventPlace) as EventType[]).filter((type) => {
    const place = eventPlace[type];
    return place && channels.has(place.channel);
  });
}

/** The channel of a subscription to it or to one object of it. */
export function channelOf(key: string): Channel {
  // The contract's schema let it pass.
  return key.split(':', 1)[0] as Channel;
}

function fieldOf(data: object, field: string): unknown {
  return Object.entries(data).find(([name]) => name === field)?.[1];
}
