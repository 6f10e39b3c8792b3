import type { Socket } from 'node:net';
import type { Caller } from '@borgos/contracts/caller';
import type { ServerMessages } from '@borgos/contracts/channels';
import type { WebSocket } from 'ws';
import { pingFrame, textFrame } from './frames.ts';
import { type MessageUse, noMessages } from './message-limit.ts';
import type { Replay, ToldRange } from './replay.ts';

/** Why a connection is closed, with the code of RFC 6455 or IANA's registry for it. */
export const closeCodes = {
  goingAway: 1001,
  policyViolation: 1008,
  internalError: 1011,
  tryAgainLater: 1013,
} as const;

export type RequestId = string | number | undefined;

/** What is the same for all connections. */
export interface ConnectionRules {
  /** How many bytes may wait for a client that is slow to read. */
  mostWaiting: number;
  /** Told once, as soon as nothing more is said to it. */
  onEnd(connection: Connection, why: { code: number; reason: string } | null): void;
}

export interface ConnectionOrigin {
  caller: Caller;
  /** `null`: it came without a credential. */
  authorization: string | null;
  /** Of its handshake. */
  requestId: string;
}

const aPing = pingFrame();

/** One client. A class, as there may be ten thousand of them. */
export class Connection {
  readonly requestId: string;
  readonly authorization: string | null;
  caller: Caller;
  readonly socket: Socket;
  /** What is told as it comes, and from which `seq` on all of it has been told. */
  readonly live = new Map<string, number>();
  /** Whose logs are being told: aborted when that is to end. */
  readonly logs = new Map<string, AbortController>();
  /** What is being told of the past, the first of them now. */
  readonly replays: Replay[] = [];
  /** What was told to subscriptions that have ended since: kept while there is a replay. */
  toldBefore: ToldRange[] | null = null;
  readonly use: MessageUse = noMessages(performance.now());
  /** Whether it was heard of since the last ping. */
  isAlive = true;
  isEnding = false;
  private readonly ws: WebSocket;
  private readonly rules: ConnectionRules;

  constructor(ws: WebSocket, socket: Socket, origin: ConnectionOrigin, rules: ConnectionRules) {
    this.ws = ws;
    this.socket = socket;
    this.requestId = origin.requestId;
    this.authorization = origin.authorization;
    this.caller = origin.caller;
    this.rules = rules;
  }

  /** Sends bytes that are a whole frame: straight to the socket, where `ws` keeps no queue of its own. */
  write(frame: Buffer): void {
    if (this.isEnding || this.ws.readyState !== this.ws.OPEN) return;
    this.socket.write(frame);
    this.endIfTooSlow();
  }

  /** Half of what makes it too slow waits for it. */
  get isFallingBehind(): boolean {
    return !this.isEnding && this.socket.writableLength > this.rules.mostWaiting / 2;
  }

  say<T extends keyof ServerMessages>(
    type: T,
    data: ServerMessages[T],
    requestId: RequestId = undefined,
  ): void {
    const timestamp = new Date().toISOString();
    this.write(textFrame(JSON.stringify({ type, data, timestamp, request_id: requestId })));
  }

  ping(): void {
    this.isAlive = false;
    this.write(aPing);
  }

  pong(data: Buffer): void {
    if (this.isEnding || this.ws.readyState !== this.ws.OPEN) return;
    this.ws.pong(data);
    this.endIfTooSlow();
  }

  /** Closes it with a reason of at most 123 bytes; `ws` cuts it soon if the client does not follow. */
  end(code: number, reason: string): void {
    if (this.isEnding) return;
    this.stop({ code, reason });
    this.ws.close(code, reason);
  }

  /** Cuts it, as nobody is at the other end. */
  cut(): void {
    this.stop(null);
    this.ws.terminate();
  }

  private endIfTooSlow(): void {
    if (this.socket.writableLength <= this.rules.mostWaiting) return;
    const reason = 'Too slow to read what waits. Reconnect with since: nothing is lost';
    this.end(closeCodes.tryAgainLater, reason);
  }

  /** From here on nothing is said to it. */
  stop(why: { code: number; reason: string } | null): void {
    if (this.isEnding) return;
    this.isEnding = true;
    this.rules.onEnd(this, why);
  }
}
