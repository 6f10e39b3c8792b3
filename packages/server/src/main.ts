import { pino } from 'pino';
import { type App, createApp } from './app.ts';
import { createLogDestination } from './log-destination.ts';
import { informationAsked, readSettings, type Settings, SettingsError } from './settings.ts';

/** After which a stop that hangs is ended; above what all parts together may take to close. */
const stopMs = 120_000;
/** One Ctrl-C may come twice under `npm start`: from the terminal, and from npm, which passes it on. */
const sameSignalMs = 300;

const information = informationAsked();
if (information) console.log(information);
else await start();

async function start(): Promise<void> {
  try {
    const settings = readSettings();
    for (const warning of settings.warnings) console.warn(`Warning: ${warning}`);
    await run(settings);
  } catch (error) {
    // What is wrong with the settings or the machine is the user's to mend: words, not a stack.
    console.error(error instanceof Error ? error.message : error);
    process.exit(error instanceof SettingsError ? 78 : 1);
  }
}

/** Opens everything, or nothing: what a failed or interrupted start has opened is closed again. */
async function run(settings: Settings): Promise<void> {
  const log = pino({ level: settings.logLevel }, createLogDestination(2));
  const { promise: opened, resolve } = Promise.withResolvers<App | undefined>();
  const stopping = stopOnSignal(opened);
  let app: App | undefined;
  try {
    app = await createApp({ settings, log, stopping });
    resolve(app);
    const url = await app.listen();
    if (!stopping.aborted) {
      console.log(greeting(settings, app, url));
      if (app.setupToken) console.log(setupText(url, app.setupToken));
    }
  } catch (error) {
    resolve(app);
    // What breaks off because of the signal is no failure, and the signal ends the process.
    if (stopping.aborted) return;
    await app?.close();
    throw error;
  }
}

function greeting(
  { home, auth }: Settings,
  { database, runtime, missing }: App,
  url: string,
): string {
  const lines = [
    '',
    `  BorgOS is ready at ${url.replace('127.0.0.1', 'localhost')}`,
    '',
    `  API        ${url.replace('127.0.0.1', 'localhost')}/docs`,
    `  Data       ${home}`,
    `  Database   ${database.description}`,
    `  Runtime    ${runtime.description}`,
    `  Access     ${auth === 'local' ? 'whoever uses this machine, and who has a credential' : 'only with a credential'}`,
    ...missing.map((what) => `  Missing    ${what}`),
    '',
    '  Stop with Ctrl-C; what is deployed goes on.',
    '',
  ];
  return lines.join('\n');
}

/** Shown once: only its hash is kept. */
function setupText(url: string, token: string): string {
  return `  There is no administrator yet. Make one with this token, which is not shown again:

    curl ${url}/api/v1/auth/setup -H 'Content-Type: application/json' \\
      -d '{"setup_token": "${token}", "username": "admin", "password": "…"}'
`;
}

/** Closes what is opened, or will have been, and exits. Returns what tells the start to break off. */
function stopOnSignal(opened: Promise<App | undefined>): AbortSignal {
  const stopping = new AbortController();
  let first = 0;
  const stop = (signal: string) => {
    if (stopping.signal.aborted) {
      // A second Ctrl-C is from somebody who will not wait. The next start recovers.
      if (performance.now() - first > sameSignalMs) process.exit(1);
      return;
    }
    first = performance.now();
    stopping.abort();
    console.log(`${signal}: letting requests in flight end …`);
    setTimeout(() => process.exit(1), stopMs).unref();
    void opened.then((app) => app?.close()).then(() => process.exit(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  return stopping.signal;
}
