import type { AddressRules } from '../outbound/address-rules.ts';
import { createGuardedAgent } from '../outbound/connector.ts';
import { scrubText } from '../scrub.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { type Connection, connectServer } from './connect-server.ts';
import type { MarkedProcesses } from './end-program.ts';
import { createHttpTransport } from './http-transport.ts';
import { createProgramTransport, type ProgramTransport } from './program-transport.ts';
import { openValues, type Values } from './server-secrets.ts';
import type { ServerRow } from './store.ts';

/** Finds secrets in a text, however they are written. */
export type CreateRedactor = (values: Iterable<string>) => { text(text: string): string };

export interface Opener {
  /** @throws Error */
  open(server: ServerRow, signal: AbortSignal): Promise<Connection>;
  /** Why something failed, without the secrets of the server. */
  explain(server: ServerRow, error: unknown): string;
  close(): Promise<void>;
}

const addressMs = 5_000;

/** Starts programs and reaches addresses, and tells of them without their secrets. */
export function createOpener({
  secrets,
  rules,
  environment,
  processes,
  instance,
  version,
  createRedactor,
}: {
  secrets: Pick<Secrets, 'open'>;
  rules: AddressRules;
  environment: Record<string, string>;
  processes: MarkedProcesses;
  instance: string;
  version: string;
  createRedactor: CreateRedactor;
}): Opener {
  const agent = createGuardedAgent({ rules, connectTimeoutMs: addressMs });

  /** @throws Error that says what to do */
  function valuesOf({ id, environment, headers }: ServerRow): Values {
    try {
      return {
        ...openValues(secrets, id, 'environment', environment),
        ...openValues(secrets, id, 'headers', headers),
      };
    } catch (error) {
      const what = environment === null ? 'headers' : 'environment';
      throw new UnreadableSecrets(
        `its secrets cannot be read, as their key is lost: set its ${what} anew`,
        { cause: error },
      );
    }
  }

  async function open(server: ServerRow, signal: AbortSignal): Promise<Connection> {
    const values = valuesOf(server);
    if (server.url !== null) {
      // Again, as the administrator may allow something else by now.
      rules.checkUrl(server.url);
      const { url } = server;
      return connectServer(createHttpTransport({ url, headers: values, agent }), version, signal);
    }
    const transport = createProgramTransport({
      command: server.command ?? [],
      environment: { ...environment, ...values },
      mark: `${instance}/${server.id}`,
      processes,
    });
    try {
      return telling(await connectServer(transport, version, signal), transport);
    } catch (error) {
      throw ended(transport, error);
    }
  }

  return {
    open,
    explain(server, error) {
      // Nothing was sent that could be in there.
      if (error instanceof UnreadableSecrets) return error.message;
      const text = causesOf(error).join(': ');
      return createRedactor(Object.values(valuesOf(server))).text(scrubText(text));
    },
    close: () => agent.destroy(),
  };
}

class UnreadableSecrets extends Error {
  override name = 'UnreadableSecrets';
}

/** What a program has printed as it ended says more than that a connection was closed. */
function telling(connection: Connection, transport: ProgramTransport): Connection {
  const explained = <T>(work: Promise<T>) =>
    work.catch((error: unknown) => {
      throw ended(transport, error);
    });
  return {
    ...connection,
    list: (signal) => explained(connection.list(signal)),
    call: (...given) => explained(connection.call(...given)),
  };
}

function ended(transport: ProgramTransport, error: unknown): unknown {
  const ending = transport.ending();
  return ending === undefined ? error : new Error(ending, { cause: error });
}

/** The words of an error and of what has led to it, each once. */
function causesOf(error: unknown): string[] {
  const words: string[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth += 1) {
    // Of a program that has ended, the rest is how the SDK has noticed it.
    if (!words.includes(at.message)) words.push(at.message);
    if (depth === 0 && /has ended|could not be started|has sent more/.test(at.message)) break;
  }
  return words.length > 0 ? words : [String(error)];
}
