import { tmpdir } from 'node:os';
import { isPortFree } from '../../../deployments/ports.ts';
import { openServiceContainers } from '../../../runtimes/docker/service-containers.ts';
import { openOwnProcesses } from '../../../runtimes/process/own-processes.ts';
import { findPortHolder } from '../../../runtimes/process/port-holder.ts';
import type { Containers } from '../../containers.ts';
import { type AgentZero, connectAgentZero } from '../connect-agent-zero.ts';

const processes = await openOwnProcesses({ instance: 'tests', home: tmpdir() });

/** As the server connects it, with a fake installation. */
export function connectForTests(fields: {
  home: string;
  directory: string | undefined;
  port: number;
  image?: string;
  url?: string;
  containers?: Containers;
  instance: string;
}): AgentZero {
  return connectAgentZero({
    ...fields,
    url: fields.url,
    image: fields.image,
    python: process.execPath,
    environment: { PATH: process.env.PATH ?? '' },
    processes,
    containers: fields.containers ?? openServiceContainers(fields.instance),
    isPortFree,
    findPortHolder,
    log: { info() {}, warn() {} },
    pollMs: 60,
  });
}
