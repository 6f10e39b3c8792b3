import { api } from '@borgos/contracts';
import type { Endpoint, ListResult } from '@borgos/contracts/endpoint';
import { type ErrorCode, errorStatus } from '@borgos/contracts/errors';
import { BorgosError, type Client } from '@borgos/sdk';
import { AppError } from '../../errors.ts';
import { isChosen, offerTools, type ToolChoice } from '../offered-tools.ts';
import type { ToolHost } from '../protocol-server.ts';
import { mostResources, resourcesOf } from '../resource-list.ts';
import { readResourceUri } from '../resource-uri.ts';

type Input = Record<string, unknown>;
type Send = (input: Input, options: { signal: AbortSignal }) => Promise<unknown>;

/** Does what tools do by asking a BorgOS that runs, under the scopes of the token it is asked with. */
export function createRemoteHost({
  client,
  url,
  choice,
  version,
  warn,
}: {
  client: Client;
  /** Of that BorgOS. */
  url: string;
  choice: ToolChoice;
  version: string;
  /** For people: what keeps it from being asked. */
  warn(message: string): void;
}): ToolHost {
  const sends = methodsOf(client);
  const send = async (endpoint: Endpoint, input: Input, signal: AbortSignal) => {
    const method = sends.get(endpoint);
    if (!method) throw new AppError('NOT_FOUND', `${endpoint.path} is not served here`);
    try {
      if (!endpoint.list) return await method(input, { signal });
      // A list is answered as a page, whatever a resource's name asks for.
      const page = await method({ ...input, envelope: true }, { signal });
      return listOf(page);
    } catch (error) {
      throw error instanceof BorgosError ? explained(error, url, warn) : error;
    }
  };
  return {
    version,
    // An error that BorgOS answers has one of its own.
    requestId: 'none',
    tools: offerTools().filter((tool) => isChosen(tool, choice)),
    perform: ({ tool }, input, signal) => send(tool.endpoint, input, signal),
    async read(uri, signal) {
      const found = readResourceUri(uri, sends.keys());
      if (!found) throw new AppError('NOT_FOUND', `There is no resource ${uri}`);
      const { endpoint, params, query } = found;
      return JSON.stringify(await send(endpoint, { ...query, ...params }, signal));
    },
    async listResources(signal) {
      const projects = await send(api.projects.list, { limit: mostResources }, signal);
      return resourcesOf(Object(projects).items);
    },
  };
}

/** What the handler of a list has returned over there. */
function listOf(page: unknown): ListResult<unknown> {
  const { data, pagination } = Object(page);
  return { items: data, total: pagination.total };
}

function methodsOf(client: Client): ReadonlyMap<Endpoint, Send> {
  return new Map(
    Object.entries(api).flatMap(([resource, endpoints]) =>
      Object.entries<Endpoint>(endpoints).map(([name, endpoint]): [Endpoint, Send] =>
        // The client has a method for each of them: it was made from the same table.
        [endpoint, Object(client)[resource][name]],
      ),
    ),
  );
}

/** What an agent is told where the answer is missing, or does not say what to do here. */
function explained(error: BorgosError, url: string, warn: (message: string) => void): AppError {
  const { code, message, details, requestId } = error;
  if (code === 'UNREACHABLE') {
    const missing = `BorgOS cannot be reached at ${url}. Start it there (npm start), or say where it is with BORGOS_URL`;
    warn(missing);
    return new AppError('UNAVAILABLE', missing, { cause: error });
  }
  if (code === 'BAD_ANSWER') {
    const other = `${message}. Say where BorgOS is with BORGOS_URL`;
    warn(other);
    return new AppError('UNAVAILABLE', other, { cause: error });
  }
  if (code === 'UNAUTHORIZED') {
    const refused = `${message}. The token comes from BORGOS_TOKEN, in the environment of this MCP server`;
    warn(refused);
    return new AppError(code, refused, { cause: error });
  }
  if (code === 'INTERNAL_ERROR') {
    const failed = `BorgOS has failed at it; the cause is in its log under the request id ${requestId}`;
    return new AppError('UNAVAILABLE', failed, { cause: error });
  }
  return isErrorCode(code)
    ? new AppError(code, message, { details, cause: error })
    : new AppError('UNAVAILABLE', message, { cause: error });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorStatus, code);
}
