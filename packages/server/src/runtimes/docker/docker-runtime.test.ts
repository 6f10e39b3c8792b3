import Docker from 'dockerode';
import { beforeAll } from 'vitest';
import { ensureBaseImage, ensurePythonBaseImage } from '../../testing/base-image.ts';
import { runtimeSuite } from '../runtime-suite.ts';
import { createDockerRuntime } from './docker-runtime.ts';

const docker = new Docker({ socketPath: '/var/run/docker.sock' });

beforeAll(() => ensureBaseImage(docker), 120_000);

runtimeSuite({
  name: 'Docker',
  create: (options) => createDockerRuntime(options),
  async pythonMissing() {
    const python = await ensurePythonBaseImage(docker);
    if ('name' in python) return null;
    if (process.env.CI) throw new Error(`no Python: ${python.missing}`);
    return python.missing;
  },
  async leftovers(instance) {
    const filters = { label: [`borgos.instance=${instance}`] };
    const images = await docker.listImages({
      filters: JSON.stringify({ ...filters, dangling: ['true'] }),
    });
    const containers = await docker.listContainers({ all: true, filters });
    const steps = containers.filter(({ Labels }) => Labels['borgos.generation'] === undefined);
    return [...images, ...steps].map(({ Id }) => Id);
  },
});
