import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openOwnProcesses } from '../../runtimes/process/own-processes.ts';
import { type AdapterHarness, adapterSuite } from '../adapter-suite.ts';
import { createAcpAdapter } from './acp-adapter.ts';
import { acpAgent } from './acp-agent.ts';

const processes = await openOwnProcesses({ instance: 'tests', home: tmpdir() });
const script = join(import.meta.dirname, 'testing/fake-acp-agent.ts');

function harnessOf(name: string, ...options: string[]): AdapterHarness {
  const create = async (home: string, program: string) =>
    createAcpAdapter({
      name,
      agent: acpAgent.parse({ kind: 'acp', command: [program, script, ...options] }),
      folder: join(home, 'runs'),
      instance: `test-${process.pid}`,
      processes,
      searchPath: process.env.PATH,
      passed: {},
      version: '0.0.0',
    });
  return {
    name,
    create: (home) => create(home, process.execPath),
    createAbsent: (home) => create(home, 'no-such-agent'),
    // What an agent prints before it speaks the protocol is tried with its other failures.
    without: ['invalid'],
  };
}

adapterSuite(harnessOf('an agent that loads sessions'));
