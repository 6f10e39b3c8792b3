import type { ImageInspectInfo } from 'dockerode';
import { ReleaseFailure } from '../../errors.ts';
import type { Engine } from './engine.ts';
import { found, isUnreachable, reasonOf, unavailable } from './engine-errors.ts';
import { readProgress } from './json-lines.ts';

/** A registry that is silent for so long won't answer any more. */
const silenceMs = 120_000;

export function findImage(
  engine: Engine,
  reference: string,
): Promise<ImageInspectInfo | undefined> {
  return found(engine.ask((docker) => docker.getImage(reference).inspect()));
}

/** All `repository:tag` on the machine. */
export async function listTags(engine: Engine): Promise<string[]> {
  const images = await engine.ask((docker) => docker.listImages());
  return images.flatMap((image) => image.RepoTags ?? []);
}

/**
 * Pulls the image unless the machine has it, telling its progress. Throws `ReleaseFailure`
 * BASE_IMAGE_MISSING when it can't be had.
 */
export async function ensureImage(
  engine: Engine,
  reference: string,
  log: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if ((await findImage(engine, reference)) !== undefined) return;
  log(`Pulling ${reference}, which is not on this machine\n`);
  try {
    await pull(engine, reference, log, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ReleaseFailure) throw error;
    if (isUnreachable(error)) throw unavailable(engine.socketPath, error);
    throw new ReleaseFailure(
      'BASE_IMAGE_MISSING',
      `The image ${reference} is needed to build this, but it is not on this machine and could not be pulled: ${reasonOf(error)}. Make it available, for instance with \`docker pull ${reference}\`, then deploy again.`,
      { cause: error },
    );
  }
}

async function pull(
  engine: Engine,
  reference: string,
  log: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), silenceMs);
  try {
    const stream = await engine.ask(
      (docker, expired) =>
        docker.createImage({
          ...nameAndTag(reference),
          abortSignal: AbortSignal.any([signal, silence.signal, expired]),
        }),
      { timeoutMs: silenceMs, stream: true },
    );
    for await (const message of readProgress(stream)) {
      timer.refresh();
      if (message.error !== undefined) throw new Error(message.error);
      // The progress of each layer comes several times a second; what it ends with is enough.
      const done = message.status !== undefined && message.progressDetail?.current === undefined;
      if (done) log(`${message.id === undefined ? '' : `${message.id}: `}${message.status}\n`);
    }
  } catch (error) {
    if (!silence.signal.aborted) throw error;
    throw new Error(`its registry was silent for ${silenceMs / 1000} s`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** Without a tag the engine would pull every tag there is. */
function nameAndTag(reference: string): { fromImage: string; tag?: string } {
  if (reference.includes('@')) return { fromImage: reference };
  const colon = reference.lastIndexOf(':');
  return colon > reference.lastIndexOf('/')
    ? { fromImage: reference.slice(0, colon), tag: reference.slice(colon + 1) }
    : { fromImage: reference, tag: 'latest' };
}
