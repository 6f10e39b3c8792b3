import type { Readable, Writable } from 'node:stream';
import type { AnyMessage, Stream } from '@agentclientprotocol/sdk/unstable';
import { AgentFailure } from '../../agents/adapter.ts';
import { asObject, type Json } from '../read-json.ts';

/** Of one message; one that is longer cannot be left out, as it may be what is waited for. */
const mostMessageBytes = 32 * 1_048_576;
/** Of all that an agent may send, as of agents that print. */
const mostBytes = 128 * 1_048_576;
/** Of answers that an agent has not read; nothing more is read of it until it does. */
const mostUnread = 4 * 1_048_576;
const mebibyte = 1_048_576;

/**
 * The two ends of an agent as the SDK takes them, bounded in what is read. Updates of the session
 * are told here, in the order in which they were sent, and not passed on: the SDK would not wait
 * until there is room for them, and would print to our output what it cannot read.
 */
export function messageStream({
  input,
  output,
  onUpdate,
  onNoise,
  untilRoom,
}: {
  input: Writable;
  output: Readable;
  onUpdate: (params: Json) => void;
  /** A line that is no message. */
  onNoise: (line: string) => void;
  untilRoom: () => Promise<void> | undefined;
}): Stream {
  const asked = new Set<unknown>();

  function pass(line: string): AnyMessage | undefined {
    const message = parsed(line);
    if (!message) {
      if (line.trim() !== '') onNoise(line);
      return undefined;
    }
    const { method, id } = message;
    if (typeof method !== 'string') return asked.delete(id) ? (message as AnyMessage) : undefined;
    if (id !== undefined || method === '$/cancel_request') return message as AnyMessage;
    if (method === 'session/update') onUpdate(asObject(message.params) ?? {});
    return undefined;
  }

  async function* messages(): AsyncGenerator<AnyMessage> {
    for await (const line of linesOf(output)) {
      const message = pass(line);
      if (message) yield message;
      await untilRoom();
      await untilRead(input);
    }
  }

  return {
    readable: ReadableStream.from(messages()) as Stream['readable'],
    writable: new WritableStream<AnyMessage>({
      write(message) {
        if ('method' in message && 'id' in message) asked.add(message.id);
        if (input.writable) input.write(`${JSON.stringify(message)}\n`);
      },
    }),
  };
}

function untilRead(input: Writable): Promise<void> | undefined {
  if (input.writableLength < mostUnread || !input.writable) return undefined;
  return new Promise((resolve) => {
    const end = () => {
      for (const event of ['drain', 'close', 'error']) input.removeListener(event, end);
      resolve();
    };
    for (const event of ['drain', 'close', 'error']) input.once(event, end);
  });
}

/** Complete lines: what is cut off at the end was not said. */
async function* linesOf(output: Readable): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let length = 0;
  let total = 0;
  for await (const chunk of output as AsyncIterable<Buffer>) {
    total += chunk.length;
    if (total > mostBytes) throw tooMuch('in all', mostBytes);
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(10, from);
      const part = chunk.subarray(from, end < 0 ? chunk.length : end);
      parts.push(part);
      length += part.length;
      if (length > mostMessageBytes) throw tooMuch('in one message', mostMessageBytes);
      if (end < 0) break;
      yield Buffer.concat(parts, length).toString('utf8');
      parts = [];
      length = 0;
      from = end + 1;
    }
  }
}

function tooMuch(where: string, bytes: number): AgentFailure {
  const reason = `The agent sent more than ${bytes / mebibyte} MiB ${where}`;
  return new AgentFailure('OUTPUT_TOO_LARGE', reason);
}

function parsed(line: string): Json | undefined {
  try {
    const message = asObject(JSON.parse(line));
    return message?.jsonrpc === '2.0' ? message : undefined;
  } catch {
    return undefined;
  }
}
