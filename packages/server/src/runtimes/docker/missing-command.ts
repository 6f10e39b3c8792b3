import { posix } from 'node:path';
import type { ImageInspectInfo } from 'dockerode';
import type { Engine } from './engine.ts';
import { found } from './engine-errors.ts';

const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The command of a created container's image if no such file is in it, else `null`. The engine
 * itself would start it: its init comes up, fails to find the command, and that again and again.
 */
export async function missingCommand(
  engine: Engine,
  container: string,
  image: ImageInspectInfo,
  environment: Record<string, string>,
): Promise<string | null> {
  const { Entrypoint: entrypoint, Cmd: cmd, Env: env, WorkingDir: folder } = image.Config;
  const [command] = [entrypoint ?? [], cmd ?? []].flat();
  if (command === undefined) return null;
  const imagePath = env?.find((line) => line.startsWith('PATH='))?.slice('PATH='.length);
  const searched = (environment.PATH ?? imagePath ?? usualPath).split(':');
  const folders = command.includes('/') ? [''] : searched.filter((part) => part !== '');
  for (const part of folders) {
    const path = posix.resolve('/', folder ?? '', part, command);
    if (await exists(engine, container, path)) return null;
  }
  return command;
}

async function exists(engine: Engine, container: string, path: string): Promise<boolean> {
  const call = engine.ask((docker) => docker.getContainer(container).infoArchive({ path }));
  return (await found(call)) !== undefined;
}
