import { z } from 'zod';
import { InvalidAnswer, type Session } from './session.ts';

const item = z.object({
  no: z.int().min(0),
  type: z.string(),
  heading: z.string().nullish(),
  content: z.string().nullish(),
  kvps: z.record(z.string(), z.unknown()).nullish(),
});

/** Something in the log of a chat; it can still change. */
export type LogItem = z.infer<typeof item>;

const chat = z.object({ id: z.string(), running: z.boolean() });

/** Of what Agent Zero tells, only what is understood. */
const listOf = <T>(schema: z.ZodType<T>) =>
  z
    .array(z.unknown())
    .transform((values) => values.flatMap((value) => schema.safeParse(value).data ?? []));

const snapshot = z.object({
  contexts: listOf(chat),
  logs: listOf(item),
  log_guid: z.string(),
  log_version: z.int().min(0),
});

export type Snapshot = z.infer<typeof snapshot>;

/** The chats of an Agent Zero. Each request ends within 10 s. */
export interface Chats {
  /** Makes a chat; the same id again is the same chat. */
  create(id: string, signal: AbortSignal): Promise<void>;
  /** Returns at once: Agent Zero works on it, and `read` tells how far it is. */
  tell(id: string, text: string, signal: AbortSignal): Promise<void>;
  /** All of its log, of `''` only which chats there are. Asked again when that is not understood. */
  look(id: string, signal: AbortSignal): Promise<Snapshot>;
  /** What is new in its log since `from`, a `log_version`. */
  read(id: string, from: number, signal: AbortSignal): Promise<Snapshot>;
  /** Ends what runs in it, and removes it; one that there is not is left. */
  remove(id: string, signal: AbortSignal): Promise<void>;
}

const timeoutMs = 10_000;
const mostTries = 4;

export function createChats(session: Session): Chats {
  const bounded = (signal: AbortSignal) =>
    AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);

  async function read(id: string, from: number, signal: AbortSignal): Promise<Snapshot> {
    const body = { context: id, log_from: from, notifications_from: 0, timezone: 'UTC' };
    const parsed = snapshot.safeParse(await session.post('poll', body, bounded(signal)));
    if (parsed.success) return parsed.data;
    throw new InvalidAnswer(`Agent Zero answered what is not understood: ${parsed.error.message}`);
  }

  return {
    async create(id, signal) {
      await session.post('chat_create', { new_context: id }, bounded(signal));
    },
    async tell(id, text, signal) {
      await session.post('message_async', { text, context: id, message_id: id }, bounded(signal));
    },
    read,
    async look(id, signal) {
      for (let tries = 1; ; tries += 1) {
        try {
          return await read(id, 0, signal);
        } catch (error) {
          if (!(error instanceof InvalidAnswer) || tries >= mostTries) throw error;
        }
      }
    },
    async remove(id, signal) {
      const within = bounded(signal);
      const answer = await session
        .postWithKey('api_terminate_chat', { context_id: id }, within)
        .catch(() => null);
      // Where the key is not known, as elsewhere, or has changed.
      if (answer === null) await session.post('chat_remove', { context: id }, within);
    },
  };
}
