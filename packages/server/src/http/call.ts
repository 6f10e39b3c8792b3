import type { Readable } from 'node:stream';
import type { Actor, Caller } from '@borgos/contracts/caller';
import type { Call, Endpoint } from '@borgos/contracts/endpoint';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { actorOf } from '../caller.ts';
import { AppError } from '../errors.ts';

/** Longer than anything a handler waits for, shorter than what cuts an idle socket. */
const patienceMs = 60_000;
const lookMs = 1000;

export const ndjsonType = 'application/x-ndjson';

/** What a handler is told of its request. */
export class OpenCall implements Call {
  readonly requestId: string;
  readonly caller: Caller;
  readonly wantsNdjson: boolean;
  status: Endpoint['status'];
  readonly headers: Record<string, string> = {};
  private readonly reply: FastifyReply;
  private readonly deadline = performance.now() + patienceMs;
  private controller: AbortController | undefined;

  constructor(endpoint: Endpoint, { id, caller, headers }: FastifyRequest, reply: FastifyReply) {
    this.requestId = id;
    this.caller = caller;
    this.wantsNdjson = headers.accept?.includes(ndjsonType) === true;
    this.status = endpoint.status;
    this.reply = reply;
  }

  get actor(): Actor {
    return actorOf(this.caller, this.requestId);
  }

  // Made only for the handler that looks at it: it costs more than a small request.
  get signal(): AbortSignal {
    if (!this.controller) {
      const controller = new AbortController();
      const { raw } = this.reply;
      const onClose = () => {
        if (!raw.writableFinished) controller.abort(new Error('the caller hung up'));
      };
      raw.once('close', onClose);
      if (raw.destroyed) onClose();
      this.controller = controller;
    }
    return this.controller.signal;
  }

  /** Has a stream end by itself, as the server stops. */
  endStream(): void {
    this.controller?.abort(new Error('BorgOS is stopping'));
  }

  /** Answers without the handler if it has had its time. */
  giveUpIfLate(now: number): void {
    if (now < this.deadline || this.reply.sent) return;
    const error = new AppError('UNAVAILABLE', 'BorgOS took too long to answer. Try again');
    this.controller?.abort(error);
    this.reply.send(error);
  }
}

/** The calls that are being answered, looked at once a second: a timer for each costs more. */
export interface CallWatch {
  add(call: OpenCall): void;
  delete(call: OpenCall): void;
  /** The call is answered by a stream, which may go on for long. */
  addStream(call: OpenCall, stream: Readable): void;
  /** Streams would not end by themselves. */
  endStreams(): void;
  close(): void;
}

export function watchCalls(): CallWatch {
  const calls = new Set<OpenCall>();
  const streaming = new Set<OpenCall>();
  const timer = setInterval(() => {
    const now = performance.now();
    for (const call of calls) call.giveUpIfLate(now);
  }, lookMs).unref();
  return {
    add: (call) => void calls.add(call),
    delete: (call) => void calls.delete(call),
    addStream(call, stream) {
      streaming.add(call);
      stream.once('close', () => streaming.delete(call));
    },
    endStreams() {
      for (const call of streaming) call.endStream();
    },
    close: () => clearInterval(timer),
  };
}
