import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openOwnProcesses } from '../../runtimes/process/own-processes.ts';
import { type AdapterHarness, adapterSuite, type Behaviour } from '../adapter-suite.ts';
import { createCommandAdapter } from './command-adapter.ts';
import { commandAgent } from './command-agent.ts';

const processes = await openOwnProcesses({ instance: 'tests', home: tmpdir() });
const script = join(import.meta.dirname, 'testing/fake-agent.ts');
const formats = ['borgos', 'claude', 'codex', 'opencode', 'text'] as const;

const without: Partial<Record<(typeof formats)[number], Behaviour[]>> = {
  claude: ['flood'],
  codex: ['flood', 'use'],
  opencode: ['flood'],
  // Whatever it prints is what it says.
  text: ['invalid', 'flood', 'tools', 'use'],
};

function harnessOf(format: (typeof formats)[number]): AdapterHarness {
  const create = async (home: string, program: string) =>
    createCommandAdapter({
      name: format,
      agent: commandAgent.parse({
        kind: 'command',
        command: [program, script, format],
        ...(format !== 'text' && {
          session_command: [program, script, format, '--session', '{session}'],
        }),
        format,
      }),
      folder: join(home, 'runs'),
      instance: `test-${process.pid}`,
      processes,
      searchPath: process.env.PATH,
      passed: {},
    });
  return {
    name: format,
    create: (home) => create(home, process.execPath),
    createAbsent: (home) => create(home, 'no-such-agent'),
    without: without[format] ?? [],
  };
}

for (const format of formats) adapterSuite(harnessOf(format));
