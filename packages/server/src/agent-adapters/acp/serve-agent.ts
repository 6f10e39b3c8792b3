import { type ClientApp, client, methods, RequestError } from '@agentclientprotocol/sdk/unstable';
import type { Permissions } from './permissions.ts';
import type { Terminals } from './terminals.ts';
import { PathRefused, type WorktreeFiles } from './worktree-files.ts';

/** Of requests of an agent that are not answered yet. */
const mostUnanswered = 64;

/** What an agent may ask of us while it works, each within its bounds. */
export function serveAgent({
  cwd,
  files,
  terminals,
  permissions,
}: {
  cwd: string;
  files: WorktreeFiles;
  terminals: Terminals;
  permissions: Permissions;
}): ClientApp {
  let unanswered = 0;
  const { session, fs, terminal } = methods.client;

  /** With bounds, and errors that say to the agent what was wrong. */
  function bounded<Params, Answer>(handle: (params: Params) => Promise<Answer>) {
    return async ({ params }: { params: Params }): Promise<Answer> => {
      if (unanswered >= mostUnanswered) throw refused('Too many requests wait: slow down');
      unanswered += 1;
      try {
        return await handle(params);
      } catch (error) {
        throw asRefusal(error);
      } finally {
        unanswered -= 1;
      }
    };
  }

  return client({ name: 'borgos' })
    .onRequest(session.requestPermission, bounded(permissions.onRequest))
    .onRequest(
      fs.readTextFile,
      bounded(async ({ path, line, limit }) => ({ content: await files.read(path, line, limit) })),
    )
    .onRequest(
      fs.writeTextFile,
      bounded(async ({ path, content }) => {
        await files.contain(path);
        const details = { path, content };
        const may = await permissions.mayDo({
          ...{ kind: 'write', title: `Write ${path}`, path, details },
        });
        if (!may) throw refused('It was not allowed');
        await files.write(path, content);
        return {};
      }),
    )
    .onRequest(
      terminal.create,
      bounded(async (request) => {
        const where = await files.contain(request.cwd ?? cwd);
        const line = [request.command, ...(request.args ?? [])].join(' ');
        const may = await permissions.mayDo({
          ...{ kind: 'execute', title: `Run ${line}`, details: { command: line, cwd: where } },
        });
        if (!may) throw refused('It was not allowed');
        return { terminalId: await terminals.create(request, where) };
      }),
    )
    .onRequest(
      terminal.output,
      bounded(async ({ terminalId }) => terminals.output(terminalId)),
    )
    .onRequest(
      terminal.waitForExit,
      bounded(async ({ terminalId }) => terminals.exit(terminalId)),
    )
    .onRequest(
      terminal.kill,
      bounded(async ({ terminalId }) => {
        terminals.kill(terminalId);
        return {};
      }),
    )
    .onRequest(
      terminal.release,
      bounded(async ({ terminalId }) => {
        terminals.release(terminalId);
        return {};
      }),
    );
}

function refused(message: string): RequestError {
  return new RequestError(-32_602, message);
}

const resourceNotFound = -32_002;

function asRefusal(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof PathRefused) return refused(error.message);
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new RequestError(resourceNotFound, 'There is no such file');
  return refused(message);
}
