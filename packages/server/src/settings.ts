import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { RateLimit } from '@borgos/contracts/caller';
import { z } from 'zod';
import packageJson from '../package.json' with { type: 'json' };
import { nearestName } from './nearest-name.ts';
import {
  describeSettings,
  flagOf,
  type SettingName,
  secretSettings,
  settingNames,
  settingsTable,
} from './settings-table.ts';

export interface Settings {
  /** Absolute; need not exist yet. */
  home: string;
  host: string;
  port: number;
  /** The ports that domains share; `null`: none. */
  httpPort: number | null;
  httpsPort: number | null;
  /** `null`: no certificates are ordered. `caFile`: absolute. */
  acme: { email: string; directoryUrl: string; caFile: string | undefined } | null;
  /** `undefined`: BorgOS starts a PostgreSQL of its own. */
  databaseUrl: string | undefined;
  /** `required`: also who calls from this machine needs a credential. */
  auth: 'local' | 'required';
  /** For the first start: makes the administrator if there is none. */
  adminPassword: string | undefined;
  allowedHosts: string[];
  allowedOrigins: string[];
  /** Addresses and CIDR ranges. */
  trustedProxies: string[];
  /** `host:port` of receivers that no other rule would let a webhook reach. */
  webhookAllow: string[];
  /** The same for MCP servers. */
  mcpAllow: string[];
  /** `null`: none. */
  rateLimit: RateLimit | null;
  runtime: 'auto' | 'docker' | 'process';
  /** Absolute; `[]`: projects may lie anywhere. */
  projectRoots: string[];
  /** Whether projects are scanned again by themselves. */
  autoScan: boolean;
  /** Absolute. */
  zenithPath: string[];
  /** `undefined`: there is no language model. */
  llmUrl: string | undefined;
  llmApiKey: string | undefined;
  /** `undefined`: nothing is asked of it in words. */
  llmModel: string | undefined;
  /** `undefined`: results are compared by their words alone. */
  embeddingModel: string | undefined;
  /** `undefined`: code is searched with an index of BorgOS's own. */
  zoektUrl: string | undefined;
  agentZero: {
    /** Absolute; `undefined`: BorgOS starts none. */
    directory: string | undefined;
    /** With it, it is a container. */
    image: string | undefined;
    port: number;
    /** Of one that runs elsewhere; it wins over the others. */
    url: string | undefined;
    /** `undefined`: that of a virtual environment in the directory. */
    python: string | undefined;
  };
  logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  /** Where this machine's programs are looked for, as in `PATH`; `undefined`: not told. */
  searchPath: string | undefined;
  /** For builds to use too: how programs reach the network (proxies, certificates), and tools of languages. */
  networkEnvironment: Record<string, string>;
  /** Variables of this process, as far as they are set: agents need some that are named. */
  variables(names: readonly string[]): Record<string, string>;
  /** What a person should hear at start, such as a variable that looks like a setting but isn't. */
  warnings: string[];
}

/** Where settings come from: what is left out is that of this process. */
export interface SettingsSources {
  env?: Record<string, string | undefined>;
  /** Without the interpreter and the script. */
  argv?: string[];
}

/** Names everything that is wrong at once, so that one attempt is enough to mend it. */
export class SettingsError extends Error {
  override name = 'SettingsError';
  readonly problems: string[];

  constructor(problems: string[]) {
    const list = problems.map((problem) => `  - ${problem}`).join('\n');
    super(`BorgOS does not start: its settings are wrong.\n${list}\nAll settings: --help`);
    this.problems = problems;
  }
}

/** What one source says, and what is odd about it. */
interface Source {
  values: Map<SettingName, { text: string; from: string }>;
  problems: string[];
  warnings: string[];
}

export const version = packageJson.version;

const largestConfig = 65_536;

/** Not settings of BorgOS, but the conventions of the programs that builds run. */
const networkVariables = [
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
  ...['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'REQUESTS_CA_BUNDLE'],
  ...['PIP_INDEX_URL', 'PIP_CERT', 'UV_INDEX_URL', 'npm_config_registry', 'MAVEN_OPTS'],
  ...['RUSTUP_HOME', 'RUSTUP_TOOLCHAIN', 'RUSTUP_AUTO_INSTALL'],
];

/** Any spelling of a setting: `BORGOS_LOG_LEVEL`, `log-level`, `log_level`. */
function settingNamed(text: string): SettingName | undefined {
  const plain = (name: string) =>
    name
      .toUpperCase()
      .replaceAll('-', '_')
      .replace(/^BORGOS_/, '');
  return settingNames.find((name) => plain(name) === plain(text));
}

function meant(text: string, names: string[]): string {
  const near = nearestName(text, names);
  return near ? `; did you mean ${near}?` : '';
}

function readFlags(argv: string[]): Source {
  const source: Source = { values: new Map(), problems: [], warnings: [] };
  for (let index = 0; index < argv.length; index += 1) {
    const [flag = '', ...inline] = (argv[index] ?? '').split('=');
    const name = flag.startsWith('--') ? settingNamed(flag.slice(2)) : undefined;
    const following = argv[index + 1];
    const separate = inline.length === 0 && following !== undefined && !following.startsWith('--');
    if (separate) index += 1;
    const text = inline.length > 0 ? inline.join('=') : separate ? following : undefined;
    if (!flag.startsWith('-')) {
      // Not quoted: it can be the password of a flag that was mistyped.
      source.problems.push(`argument ${index + 1}: belongs to no option`);
    } else if (name === undefined) {
      source.problems.push(`${flag}: is no option${meant(flag, settingNames.map(flagOf))}`);
    } else if (text === undefined) {
      source.problems.push(`${flag}: needs a value, as in ${flag}=…`);
    } else if (text.trim() !== '') {
      source.values.set(name, { text: text.trim(), from: flag });
    }
  }
  return source;
}

/** For who asks a BorgOS that runs, as `npm run mcp` does. */
const ofClients = new Set(['BORGOS_URL', 'BORGOS_TOKEN']);

/** Which BorgOS is to be asked, as the environment says it. */
export function readClientEnvironment(env: Record<string, string | undefined> = process.env) {
  return { url: env.BORGOS_URL?.trim() || undefined, token: env.BORGOS_TOKEN?.trim() || undefined };
}

function readEnvironment(env: Record<string, string | undefined>): Source {
  const source: Source = { values: new Map(), problems: [], warnings: [] };
  for (const [variable, text = ''] of Object.entries(env)) {
    const name = settingNames.find((known) => known === variable);
    if (name && text.trim() !== '') {
      source.values.set(name, { text: text.trim(), from: 'the environment' });
    } else if (!name && variable.startsWith('BORGOS_') && !ofClients.has(variable)) {
      source.warnings.push(
        `${variable}: is no setting of this version and has no effect${meant(variable, settingNames)}`,
      );
    }
  }
  return source;
}

const configFile = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.array(z.string()), z.null()]),
);

function readConfigFile(file: string): Source {
  const source: Source = { values: new Map(), problems: [], warnings: [] };
  const config = configFile.safeParse(parseConfig(file, source.problems));
  if (!config.success) {
    source.problems.push(
      `${file}: must be a JSON object whose values are text, numbers or lists of text`,
    );
  }
  for (const [key, value] of Object.entries(config.data ?? {})) {
    const name = settingNamed(key);
    const text = String(value ?? '').trim();
    if (name === undefined) {
      const near = meant(key, settingNames);
      source.warnings.push(`${key} in ${file}: is no setting of this version${near}`);
    } else if (name === 'BORGOS_HOME') {
      source.problems.push(`${key} in ${file}: cannot be set there, as it says where that file is`);
    } else if (text !== '') {
      source.values.set(name, { text, from: file });
    }
  }
  return source;
}

/** The file's content; `{}` when there is no such file, or when it is reported as a problem. */
function parseConfig(file: string, problems: string[]): unknown {
  const refuse = (problem: string) => {
    problems.push(`${file}: ${problem}`);
    return {};
  };
  try {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (!stat) return {};
    // Reading a pipe would wait for ever, and a huge file is none that a person wrote.
    if (!stat.isFile()) return refuse('must be a file');
    if (stat.size > largestConfig) return refuse(`must be at most ${largestConfig} bytes`);
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    // The parser quotes the text it stumbles over, which can be a password.
    if (error instanceof SyntaxError) return refuse('must be valid JSON');
    return refuse(`cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function defaultHome(env: Record<string, string | undefined>): string {
  const data = env.XDG_DATA_HOME ?? '';
  // The XDG specification has relative paths ignored.
  return join(isAbsolute(data) ? data : join(env.HOME || homedir(), '.local', 'share'), 'borgos');
}

/**
 * All settings, checked: `--flags` win over the environment, that over `config.json` in
 * BORGOS_HOME, that over the default. An empty value is an unset one.
 *
 * Throws one `SettingsError` for all problems together.
 */
export function readSettings({
  env = process.env,
  argv = process.argv.slice(2),
}: SettingsSources = {}): Settings {
  const flags = readFlags(argv);
  const environment = readEnvironment(env);
  const given = new Map([...environment.values, ...flags.values]);
  const home = given.get('BORGOS_HOME')?.text ?? defaultHome(env);
  const file = readConfigFile(join(home, 'config.json'));
  const values = new Map([...file.values, ...given]);
  values.set('BORGOS_HOME', { text: home, from: given.get('BORGOS_HOME')?.from ?? 'its default' });

  const result = settingsTable.safeParse(
    Object.fromEntries([...values].map(([name, { text }]) => [name, text])),
  );
  const wrong = (result.error?.issues ?? []).map((issue) => {
    const name = settingNames.find((known) => known === issue.path[0]);
    const value = name && values.get(name);
    const text = JSON.stringify(value?.text.slice(0, 200));
    const shown = name && !secretSettings.includes(name) ? `; it is ${text}` : '';
    return `${name} (from ${value?.from}): ${issue.message}${shown}`;
  });
  const sources = [flags, environment, file];
  const problems = [...sources.flatMap((source) => source.problems), ...new Set(wrong)];
  if (result.success) problems.push(...portProblems(result.data));
  if (!result.success || problems.length > 0) throw new SettingsError(problems);

  return {
    home: result.data.BORGOS_HOME,
    host: result.data.BORGOS_HOST,
    port: result.data.BORGOS_PORT,
    httpPort: result.data.BORGOS_HTTP_PORT ?? null,
    httpsPort: result.data.BORGOS_HTTPS_PORT ?? null,
    acme: acmeOf(result.data),
    databaseUrl: result.data.DATABASE_URL,
    auth: result.data.BORGOS_AUTH,
    adminPassword: result.data.BORGOS_ADMIN_PASSWORD,
    allowedHosts: result.data.BORGOS_ALLOWED_HOSTS,
    allowedOrigins: result.data.BORGOS_ALLOWED_ORIGINS,
    trustedProxies: result.data.BORGOS_TRUSTED_PROXIES,
    webhookAllow: result.data.BORGOS_WEBHOOK_ALLOW,
    mcpAllow: result.data.BORGOS_MCP_ALLOW,
    rateLimit: result.data.BORGOS_RATE_LIMIT,
    runtime: result.data.BORGOS_RUNTIME,
    projectRoots: result.data.BORGOS_PROJECT_ROOTS,
    autoScan: result.data.BORGOS_AUTO_SCAN === 'on',
    zenithPath: result.data.ZENITH_PATH,
    llmUrl: result.data.BORGOS_LLM_URL,
    llmApiKey: result.data.BORGOS_LLM_API_KEY,
    llmModel: result.data.BORGOS_LLM_MODEL,
    embeddingModel: result.data.BORGOS_EMBEDDING_MODEL,
    zoektUrl: result.data.BORGOS_ZOEKT_URL,
    agentZero: {
      directory: result.data.BORGOS_AGENT_ZERO_DIR,
      image: result.data.BORGOS_AGENT_ZERO_IMAGE,
      port: result.data.BORGOS_AGENT_ZERO_PORT,
      url: result.data.BORGOS_AGENT_ZERO_URL,
      python: result.data.BORGOS_AGENT_ZERO_PYTHON,
    },
    logLevel: result.data.BORGOS_LOG_LEVEL,
    searchPath: env.PATH || undefined,
    networkEnvironment: variablesOf(env, networkVariables),
    variables: (names) => variablesOf(env, names),
    warnings: [...sources.flatMap((source) => source.warnings), ...oddities(result.data)],
  };
}

type Values = z.infer<typeof settingsTable>;

function portProblems(values: Values): string[] {
  const { BORGOS_PORT, BORGOS_HTTP_PORT, BORGOS_HTTPS_PORT } = values;
  const problems: string[] = [];
  const ports = { BORGOS_PORT, BORGOS_HTTP_PORT, BORGOS_HTTPS_PORT };
  const named = Map.groupBy(Object.entries(ports), ([, port]) => port || undefined);
  for (const [port, entries] of named) {
    if (port === undefined || entries.length === 1) continue;
    problems.push(`${entries.map(([name]) => name).join(' and ')}: must differ; all are ${port}`);
  }
  return problems;
}

function acmeOf(values: Values): Settings['acme'] {
  const { BORGOS_ACME_EMAIL: email, BORGOS_ACME_DIRECTORY, BORGOS_ACME_CA } = values;
  if (email === undefined || !hasBothPorts(values)) return null;
  return { email, directoryUrl: BORGOS_ACME_DIRECTORY, caFile: BORGOS_ACME_CA };
}

function hasBothPorts({ BORGOS_HTTP_PORT, BORGOS_HTTPS_PORT }: Values): boolean {
  return BORGOS_HTTP_PORT !== undefined && BORGOS_HTTPS_PORT !== undefined;
}

/** What is allowed by itself, and does nothing as it stands. */
function oddities(values: Values): string[] {
  const found = (['BORGOS_EMBEDDING_MODEL', 'BORGOS_LLM_MODEL'] as const)
    .filter((name) => values[name] !== undefined && !values.BORGOS_LLM_URL)
    .map((name) => `${name}: has no effect without BORGOS_LLM_URL`);
  if (values.BORGOS_ACME_EMAIL !== undefined && !hasBothPorts(values)) {
    found.push('BORGOS_ACME_EMAIL: has no effect without BORGOS_HTTP_PORT and BORGOS_HTTPS_PORT');
  }
  return found;
}

function variablesOf(
  env: Record<string, string | undefined>,
  names: readonly string[],
): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}

/** The text to print, instead of starting, when `--help` or `--version` is asked for. */
export function informationAsked(argv: string[] = process.argv.slice(2)): string | undefined {
  if (argv.includes('--version') || argv.includes('-v')) return version;
  if (!argv.includes('--help') && !argv.includes('-h')) return undefined;
  const settings = describeSettings().map((setting) =>
    [
      `  ${setting.flag}, ${setting.name}`,
      `      ${setting.description}`,
      `      Default: ${setting.default}. Example: ${setting.example}`,
    ].join('\n'),
  );
  return `BorgOS ${version}: registers your projects and deploys them on this machine.

Usage: npm start -- [--setting value …]

Every setting is a flag, an environment variable, or a key of config.json in BORGOS_HOME; the first
of these that sets it wins, and an empty value is an unset one. Lists are separated by commas.

${settings.join('\n')}

  --help, --version
      Print this text, or the version, and exit.
`;
}
