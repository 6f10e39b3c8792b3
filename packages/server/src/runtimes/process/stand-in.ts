import { channel } from 'node:diagnostics_channel';
import { setTimeout } from 'node:timers/promises';
import { pino } from 'pino';
import { z } from 'zod';
import { createAppLogs } from '../../app-log/app-logs.ts';
import { textOf } from '../../app-log/testing/read-log.ts';
import type { Recipe } from '../../deployments/recipe.ts';
import { exampleSealing, nodeRecipe } from './example-app.ts';
import { createProcessRuntime } from './process-runtime.ts';

/**
 * A BorgOS that starts one instance and is killed: by itself, at a moment that nobody else could
 * hit, or by the test that runs it, once it has printed `started` or `stopping`.
 */
const task = z
  .object({
    instance: z.string(),
    home: z.string(),
    name: z.string(),
    artifact: z.string(),
    logFile: z.string(),
    environment: z.record(z.string(), z.string()),
    memory: z.number().nullable(),
    dieAt: z.enum(['intent', 'spawned', 'started', 'stopping']),
  })
  .parse(JSON.parse(process.argv[2] ?? ''));

// Nobody may be left with it when its test went wrong.
void setTimeout(60_000).then(() => process.exit(1));

const die = () => process.kill(process.pid, 'SIGKILL');
const spawning = z.object({ process: z.custom<NodeJS.EventEmitter>() });

const { instance, home } = task;
const runtime = await createProcessRuntime({
  instance,
  home,
  log: pino({ level: 'silent' }),
  ...exampleSealing,
  logs: createAppLogs(),
});
if (task.dieAt === 'intent') channel('child_process').subscribe(die);
if (task.dieAt === 'spawned') {
  channel('child_process').subscribe((message) => {
    spawning.parse(message).process.once('spawn', die);
  });
}
const recipe: Recipe = nodeRecipe();
await runtime.start(
  { ...task, deploymentId: 1, revision: 1, generation: 1, recipe, cpus: null, volumes: [] },
  AbortSignal.timeout(20_000),
);
console.log('started');
if (task.dieAt === 'stopping') {
  await logHas('listening');
  void runtime.stop(task.name, 600_000);
  await logHas('SIGTERM ignored');
  console.log('stopping');
}

async function logHas(text: string): Promise<void> {
  while (!(await textOf(task.logFile)).includes(text)) await setTimeout(10);
}
