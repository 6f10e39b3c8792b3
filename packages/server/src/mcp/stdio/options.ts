import { parseArgs } from 'node:util';
import { AppError } from '../../errors.ts';
import { readToolChoice, type ToolChoice } from '../offered-tools.ts';

/** What was asked for on the command line and in the environment. */
export interface StdioOptions {
  /** Of the BorgOS that does the work. */
  url: string;
  token: string | undefined;
  choice: ToolChoice;
}

/** What was typed cannot be meant; the message says what can. Never quotes an operand. */
export class StdioUsageError extends Error {
  override name = 'StdioUsageError';
}

export const help = `BorgOS as a local MCP server, over standard input and output, for agents that take nothing else.
It reaches a BorgOS that runs; one on this machine is started with npm start.

Usage: npm run --silent mcp -- [options]

  --url <url>        Where BorgOS is; or BORGOS_URL. By default http://localhost:8081.
  --read-only        Offers only what changes nothing.
  --toolsets <list>  Offers only these, separated by commas: projects, search, deployments, errors, system.
  --help             Prints this text.

BORGOS_TOKEN is the API token, where one is needed. It is read from the environment alone: all users
of a machine can read what is on a command line. Exits with 64 when an option is not understood.
`;

/**
 * @param argv without the interpreter, the script and `mcp`
 * @returns `undefined`: help is asked for
 * @throws StdioUsageError
 */
export function readStdioOptions(
  argv: string[],
  environment: { url: string | undefined; token: string | undefined },
): StdioOptions | undefined {
  const flags = readFlags(argv);
  if (flags.help) return undefined;
  return {
    url: originOf(flags.url ?? environment.url ?? 'http://localhost:8081'),
    token: tokenOf(environment.token),
    choice: choiceOf(flags.toolsets, flags['read-only'] ?? false),
  };
}

function readFlags(argv: string[]) {
  if (argv.some((argument) => /^--?token\b/.test(argument))) {
    throw new StdioUsageError(
      'The token does not belong on the command line, where all users of this machine can read it: set BORGOS_TOKEN in the environment.',
    );
  }
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        url: { type: 'string' },
        toolsets: { type: 'string' },
        'read-only': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return values;
  } catch {
    throw new StdioUsageError(
      'An option is not understood: there are --url <url>, --read-only, --toolsets <list> and --help.',
    );
  }
}

function originOf(text: string): string {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new StdioUsageError('The URL of BorgOS must begin with http:// or https://');
  }
  if (url.username || url.password) {
    throw new StdioUsageError('The URL of BorgOS holds no credential: set BORGOS_TOKEN instead.');
  }
  if (url.pathname !== '/' || url.search || url.hash) {
    throw new StdioUsageError(
      'The URL of BorgOS has a host and a port alone, as http://localhost:8081',
    );
  }
  return url.origin;
}

function tokenOf(token: string | undefined): string | undefined {
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw new StdioUsageError('BORGOS_TOKEN has characters that no token has.');
  }
  return token;
}

function choiceOf(toolsets = '', readOnly: boolean): ToolChoice {
  try {
    return readToolChoice(new URLSearchParams({ toolsets, read_only: readOnly ? '1' : '0' }));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new StdioUsageError(error.message.replace('query.', '--'));
  }
}
