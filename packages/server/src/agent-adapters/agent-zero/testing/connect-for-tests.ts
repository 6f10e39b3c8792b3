import { isPortFree } from '../../../deployments/ports.ts';
import { findPortHolder } from '../../../runtimes/process/port-holder.ts';
import { openProcessTable } from '../../../runtimes/process/process-table.ts';
import { type AgentZero, connectAgentZero } from '../connect-agent-zero.ts';

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
    processes: openProcessTable(),
    isPortFree,
    findPortHolder,
    log: { info() {}, warn() {} },
    pollMs: 60,
  });
}
