import { pino } from 'pino';
import { type App, createApp } from './app.ts';
import { informationAsked, readSettings, type Settings, SettingsError } from './settings.ts';

/** After which a stop that hangs is ended; above what draining, jobs and PostgreSQL may take. */
const stopMs = 30_000;

const information = informationAsked();
if (information) console.log(information);
else await start();

async function start(): Promise<void> {
  try {
    const settings = readSettings();
    for (const warning of settings.warnings) console.warn(`Warning: ${warning}`);
    // Buffered, as a log line must not wait for a slow terminal.
    const log = pino({ level: settings.logLevel }, pino.destination({ dest: 2, sync: false }));
    const app = await createApp({ settings, log });
    stopOnSignal(app);
    const url = await app.listen();
    console.log(greeting(settings, app, url));
  } catch (error) {
    // What is wrong with the settings or the machine is the user's to mend: words, not a stack.
    console.error(error instanceof Error ? error.message : error);
    process.exit(error instanceof SettingsError ? 78 : 1);
  }
}

function greeting({ home }: Settings, { database, runtime, missing }: App, url: string): string {
  const lines = [
    '',
    `  BorgOS is ready at ${url.replace('127.0.0.1', 'localhost')}`,
    '',
    `  API        ${url.replace('127.0.0.1', 'localhost')}/docs`,
    `  Data       ${home}`,
    `  Database   ${database.description}`,
    `  Runtime    ${runtime.description}`,
    ...missing.map((what) => `  Missing    ${what}`),
    '',
    '  Stop with Ctrl-C; what is deployed goes on.',
    '',
  ];
  return lines.join('\n');
}

function stopOnSignal(app: App): void {
  let stopping = false;
  const stop = (signal: string) => {
    // A second Ctrl-C is from somebody who will not wait. The next start recovers.
    if (stopping) process.exit(1);
    stopping = true;
    console.log(`${signal}: letting requests in flight end …`);
    setTimeout(() => process.exit(1), stopMs).unref();
    void app.close().then(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}
