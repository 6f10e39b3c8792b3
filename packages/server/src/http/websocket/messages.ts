import { type ClientMessage, clientMessage } from '@borgos/contracts/channels';
import { AppError } from '../../errors.ts';
import { describeIssue, detailsOf } from '../validation-message.ts';
import type { Broadcast } from './broadcast.ts';
import { type Connection, closeCodes, type RequestId } from './connection.ts';
import type { EventPages } from './event-pages.ts';
import { countMessage, messagesPerSecond } from './message-limit.ts';
import type { Subscriptions } from './subscriptions.ts';

const example = '{"type":"subscribe","channels":["projects"]}';
const longestRequestId = 100;
const mostProblems = 3;
const types = clientMessage.options.map(({ shape }) => shape.type.value);

/**
 * Answers what clients send.
 * @returns takes one message of a connection, as it came
 */
export function createMessages({
  subscriptions,
  broadcast,
  pages,
  now = () => performance.now(),
}: {
  subscriptions: Subscriptions;
  broadcast: Pick<Broadcast, 'seq'>;
  pages: Pick<EventPages, 'oldestSeq'>;
  now?: () => number;
}) {
  function answer(connection: Connection, message: ClientMessage): void {
    const { seq } = broadcast;
    const id = message.request_id;
    switch (message.type) {
      case 'ping':
        connection.say('pong', { seq }, id);
        break;
      case 'subscribe': {
        const channels = new Set(message.channels);
        subscriptions.subscribe(connection, channels, message);
        const oldest_seq = pages.oldestSeq();
        connection.say('subscribed', { channels: [...channels], seq, oldest_seq }, id);
        break;
      }
      case 'unsubscribe': {
        const channels = new Set(message.channels ?? subscriptions.of(connection));
        subscriptions.unsubscribe(connection, channels);
        connection.say('unsubscribed', { channels: [...channels] }, id);
        break;
      }
    }
  }

  /**
   * @returns whether it may be answered
   * @throws AppError RATE_LIMITED
   */
  function mayPass(connection: Connection): boolean {
    const verdict = countMessage(connection.use, now());
    if (verdict === 'end') endForTooMany(connection);
    if (verdict !== 'refuse') return verdict === 'take';
    throw new AppError(
      'RATE_LIMITED',
      `At most ${messagesPerSecond} messages a second: this one was ignored, and who goes on is disconnected`,
    );
  }

  return {
    receive(connection: Connection, bytes: Buffer, isBinary: boolean): void {
      try {
        if (!connection.isEnding && mayPass(connection)) {
          answer(connection, parseMessage(bytes, isBinary));
        }
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        const { code, message } = error;
        connection.say('error', { code, message }, requestIdOf(bytes));
      }
    },
    /** A ping of the protocol counts as a message; where that is too many, it stays unanswered. */
    receivePing(connection: Connection, data: Buffer): void {
      if (connection.isEnding) return;
      const verdict = countMessage(connection.use, now());
      if (verdict === 'take') connection.pong(data);
      else if (verdict === 'end') endForTooMany(connection);
    },
  };
}

function endForTooMany(connection: Connection): void {
  const reason = `More than ${messagesPerSecond} messages a second, again and again`;
  connection.end(closeCodes.policyViolation, reason);
}

/** @throws AppError INVALID_JSON, VALIDATION_FAILED */
function parseMessage(bytes: Buffer, isBinary: boolean): ClientMessage {
  if (isBinary) {
    throw new AppError('VALIDATION_FAILED', `Send text, not bytes, such as ${example}`);
  }
  const value = parseJson(bytes);
  const type = fieldOf(value, 'type');
  const option = clientMessage.options.find(({ shape }) => shape.type.value === type);
  if (!option) {
    throw new AppError(
      'VALIDATION_FAILED',
      `type must be one of ${types.join(', ')}: send a JSON object such as ${example}`,
    );
  }
  const result = option.safeParse(value, { error: describeIssue });
  if (result.success) return result.data;
  const problems = detailsOf(result.error.issues, 'message', Object.keys(option.shape))
    .slice(0, mostProblems)
    .map(({ path, message }) => `${path.replace(/^message\./, '')} ${message}`);
  throw new AppError('VALIDATION_FAILED', `${problems.join('; ')}. Example: ${example}`);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch (error) {
    const reason = error instanceof Error ? error.message : '';
    throw new AppError(
      'INVALID_JSON',
      `The message is not valid JSON: ${reason}. Send one such as ${example}`,
      { cause: error },
    );
  }
}

/** That of a message that is refused: as well as it can be told. */
function requestIdOf(bytes: Buffer): RequestId {
  try {
    const id = fieldOf(JSON.parse(bytes.toString()), 'request_id');
    if (typeof id === 'string' && id.length <= longestRequestId) return id;
    return typeof id === 'number' && Number.isSafeInteger(id) ? id : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}
