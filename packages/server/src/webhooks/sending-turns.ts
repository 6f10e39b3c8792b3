import type { ClaimedDelivery } from './claim-store.ts';

export interface SendingTurns {
  add(delivery: ClaimedDelivery): void;
  /** It is recorded, or given back: nobody here has it any more. */
  end(delivery: { id: number }): void;
  /** What waits for its turn with that webhook is given back. */
  forget(webhookId: number): void;
  /** How many it has of each webhook. */
  held(): { webhook_id: number; count: number }[];
  /** Those whose claim has run out at that time. */
  overdue(at: number): number[];
  /** Gives back all that waits, and what is added from now on. */
  close(): void;
  /** Resolves when nothing is on its way. */
  idle(): Promise<void>;
}

interface Lane {
  waiting: ClaimedDelivery[];
  sending: number;
}

/**
 * Lets each webhook send some at the same time, so that one whose receiver is slow or dead delays
 * nobody but itself: one of each may always be on its way, however many of the others are.
 */
export function createSendingTurns({
  atOnce,
  canStart,
  send,
  onReleased,
}: {
  atOnce: { perWebhook: number; inAll: number };
  /** Whether enough of its claim is left. */
  canStart: (delivery: ClaimedDelivery) => boolean;
  /** Must not reject. */
  send: (delivery: ClaimedDelivery) => Promise<void>;
  onReleased: (delivery: ClaimedDelivery) => void;
}): SendingTurns {
  /** All that is claimed here, whether it waits, is sent or is to be recorded. */
  const held = new Map<number, { webhookId: number; until: number }>();
  const lanes = new Map<number, Lane>();
  const underWay = new Set<Promise<void>>();
  let isClosed = false;

  function startNext(): void {
    for (const [webhookId, lane] of lanes) {
      while (lane.waiting.length > 0 && mayStart(lane)) {
        const delivery = lane.waiting.shift();
        if (!delivery) break;
        if (canStart(delivery)) begin(lane, delivery);
        else onReleased(delivery);
      }
      if (lane.sending === 0 && lane.waiting.length === 0) lanes.delete(webhookId);
    }
  }

  function mayStart({ sending }: Lane): boolean {
    return sending === 0 || (sending < atOnce.perWebhook && underWay.size < atOnce.inAll);
  }

  function begin(lane: Lane, delivery: ClaimedDelivery): void {
    lane.sending += 1;
    const sending = send(delivery).finally(() => {
      lane.sending -= 1;
      underWay.delete(sending);
      startNext();
    });
    underWay.add(sending);
  }

  function giveBack(lane: Lane): void {
    for (const delivery of lane.waiting.splice(0)) onReleased(delivery);
  }

  return {
    add(delivery) {
      const webhookId = delivery.target.id;
      held.set(delivery.id, { webhookId, until: Date.parse(delivery.claimed_until) });
      if (isClosed) {
        onReleased(delivery);
        return;
      }
      const lane = lanes.get(webhookId) ?? { waiting: [], sending: 0 };
      lanes.set(webhookId, lane);
      lane.waiting.push(delivery);
      startNext();
    },
    end: ({ id }) => void held.delete(id),
    forget(webhookId) {
      const lane = lanes.get(webhookId);
      if (lane) giveBack(lane);
    },
    held() {
      const counts = new Map<number, number>();
      for (const { webhookId } of held.values()) {
        counts.set(webhookId, (counts.get(webhookId) ?? 0) + 1);
      }
      return [...counts].map(([webhook_id, count]) => ({ webhook_id, count }));
    },
    overdue: (at) => [...held].filter(([, { until }]) => until <= at).map(([id]) => id),
    close() {
      isClosed = true;
      for (const lane of lanes.values()) giveBack(lane);
    },
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}
