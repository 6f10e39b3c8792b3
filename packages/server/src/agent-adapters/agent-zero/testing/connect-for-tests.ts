import { tmpdir } from 'node:os';
import { isPortFree } from '../../../deployments/ports.ts';
import { openOwnProcesses } from '../../../runtimes/process/own-processes.ts';
import { findPortHolder } from '../../../runtimes/process/port-holder.ts';
import { type AgentZero, connectAgentZero } from '../connect-agent-zero.ts';

const processes = await openOwnProcesses({ instance: 'tests', home: tmpdir() });

/** As the server connects it, with a fake installation. */
export function connectForTests(fields: {
  home: string;
  directory: string | undefined;
  port: number;
  url?: string;
  instance: string;
}): AgentZero {
  return connectAgentZero({
    ...fields,
    url: fields.url,
    python: process.execPath,
    environment: { PATH: process.env.PATH ?? '' },
    processes,
    isPortFree,
    findPortHolder,
    log: { info() {}, warn() {} },
    pollMs: 60,
  });
}
