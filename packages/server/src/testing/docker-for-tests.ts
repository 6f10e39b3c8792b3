import Docker from 'dockerode';
import { findDocker } from '../runtimes/docker/engine.ts';
import { ensureBaseImage, ensurePythonBaseImage } from './base-image.ts';

/**
 * The machine's Docker Engine with the base images that tests build on. Without one, what needs it
 * is left out, aloud; where nothing may be left out (CI) it is an error.
 */
export async function dockerForTests(): Promise<{ available: boolean }> {
  const found = await findDocker();
  const missing = found.ok ? await prepareImages(found.socketPath) : found.reason;
  if (!missing) return { available: true };
  if (process.env.CI) throw new Error(`Tests in Docker cannot run: ${missing}`);
  console.warn(`Tests in Docker are left out: ${missing}`);
  return { available: false };
}

async function prepareImages(socketPath: string): Promise<string | undefined> {
  const docker = new Docker({ socketPath });
  await ensureBaseImage(docker);
  const python = await ensurePythonBaseImage(docker);
  return 'missing' in python ? python.missing : undefined;
}
