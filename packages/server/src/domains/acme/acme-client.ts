import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { openAccountKey } from './account-key.ts';
import { AcmeProblem, describeProblem } from './acme-problem.ts';
import { type AcmeAnswer, createAcmeTransport } from './acme-transport.ts';

const problem = z.unknown();

const orderSchema = z.object({
  status: z.enum(['pending', 'ready', 'processing', 'valid', 'invalid']),
  authorizations: z.array(z.url()),
  finalize: z.url(),
  certificate: z.url().optional(),
  error: problem.optional(),
});

const challengeSchema = z.object({
  type: z.string(),
  url: z.url(),
  status: z.string(),
  token: z.string().optional(),
  error: problem.optional(),
});

const authorizationSchema = z.object({
  status: z.string(),
  challenges: z.array(challengeSchema),
});

export type Order = z.infer<typeof orderSchema>;

/** What is served below `/.well-known/acme-challenge/` for as long as it is asked for. */
export interface HttpChallenge {
  url: string;
  token: string;
  keyAuthorization: string;
}

/** One account at one ACME server; every method throws `AcmeProblem`. */
export interface AcmeClient {
  /** Makes the account, or finds the one of this key. Returns its URL. */
  register(email: string): Promise<string>;
  /** From now on in the name of this account. */
  useAccount(url: string): void;
  order(domain: string): Promise<string>;
  readOrder(url: string): Promise<Order>;
  /** What shows that a domain is ours over HTTP; `null`: that is known already. */
  readChallenge(authorization: string): Promise<HttpChallenge | null>;
  /** Says that it can be asked for, and waits until it was. */
  completeChallenge(authorization: string, challenge: HttpChallenge): Promise<void>;
  /** `request`: as DER. Waits until the certificate is there. */
  finalize(orderUrl: string, order: Order, request: Buffer): Promise<Order>;
  /** With its chain, as PEM. */
  download(order: Order): Promise<string>;
  close(): Promise<void>;
}

/** For validations, and for certificates to be made. */
const pollMs = { first: 500, most: 5_000, inAll: 90_000 };

export function createAcmeClient(options: {
  directoryUrl: string;
  /** As PEM. */
  accountKey: string;
  ca: string | undefined;
  userAgent: string;
  signal: AbortSignal;
}): AcmeClient {
  const { signal } = options;
  const key = openAccountKey(options.accountKey);
  const transport = createAcmeTransport({ ...options, key });
  let account: string | null = null;

  function post(url: string, payload?: unknown): Promise<AcmeAnswer> {
    if (account === null) throw new Error('no account is used yet');
    return transport.post(url, account, payload);
  }

  /** Reads until `isDone`, as often as the server likes it, and not for ever. */
  async function poll<T>(
    url: string,
    schema: z.ZodType<T>,
    isDone: (value: T) => boolean,
  ): Promise<T> {
    const deadline = Date.now() + pollMs.inAll;
    for (let pause = pollMs.first; ; pause = Math.min(pause * 2, pollMs.most)) {
      const answer = await post(url);
      const value = understand(schema, answer.body);
      if (isDone(value)) return value;
      const next = Math.max(pause, answer.retryAfterMs ?? 0);
      if (Date.now() + next > deadline) {
        throw new AcmeProblem(
          `The ACME server has not come to an end within ${pollMs.inAll / 1_000} s`,
        );
      }
      await wait(next, undefined, { signal });
    }
  }

  return {
    async register(email) {
      const { newAccount } = await transport.directory();
      const wish = { termsOfServiceAgreed: true, contact: [`mailto:${email}`] };
      const { location } = await transport.post(newAccount, null, wish);
      if (location === undefined) throw new AcmeProblem('The ACME server names no account');
      return location;
    },

    useAccount(url) {
      account = url;
    },

    async order(domain) {
      const { newOrder } = await transport.directory();
      const identifiers = [{ type: 'dns', value: domain }];
      const { location } = await post(newOrder, { identifiers });
      if (location === undefined) throw new AcmeProblem('The ACME server names no order');
      return location;
    },

    readOrder: async (url) => understand(orderSchema, (await post(url)).body),

    async readChallenge(authorization) {
      const { status, challenges } = understand(
        authorizationSchema,
        (await post(authorization)).body,
      );
      if (status === 'valid') return null;
      if (status !== 'pending') throw refusalIn(challenges, status);
      const { url, token } = challenges.find(({ type }) => type === 'http-01') ?? {};
      if (url === undefined || token === undefined || !/^[\w-]{1,256}$/.test(token)) {
        throw new AcmeProblem('The ACME server offers no validation over HTTP (http-01)');
      }
      return { url, token, keyAuthorization: key.keyAuthorization(token) };
    },

    async completeChallenge(authorization, { url }) {
      await post(url, {});
      const isDone = ({ status }: { status: string }) => status !== 'pending';
      const { status, challenges } = await poll(authorization, authorizationSchema, isDone);
      if (status !== 'valid') throw refusalIn(challenges, status);
    },

    async finalize(orderUrl, order, request) {
      if (order.status === 'ready')
        await post(order.finalize, { csr: request.toString('base64url') });
      const isDone = ({ status }: Order) => status === 'valid' || status === 'invalid';
      const done = await poll(orderUrl, orderSchema, isDone);
      if (done.status === 'invalid') throw refused('made no certificate', done.error);
      return done;
    },

    async download({ certificate }) {
      if (certificate === undefined) throw new AcmeProblem('The ACME server names no certificate');
      const { body } = await post(certificate);
      if (typeof body !== 'string') throw new AcmeProblem('The ACME server sent no certificate');
      return body;
    },

    close: transport.close,
  };
}

function understand<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join('.') ?? '';
  throw new AcmeProblem(`The ACME server sent what is not understood: ${where} ${issue?.message}`);
}

function refusalIn(challenges: z.infer<typeof challengeSchema>[], status: string): AcmeProblem {
  const failed = challenges.find(({ error }) => error !== undefined);
  if (failed) return refused('could not see that the domain leads here', failed.error);
  return new AcmeProblem(`The ACME server says that the authorization is ${status}`);
}

function refused(what: string, document: unknown): AcmeProblem {
  const { type, text } = describeProblem(document);
  return new AcmeProblem(`The ACME server ${what}: ${text}${type ? ` (${type})` : ''}`, { type });
}
