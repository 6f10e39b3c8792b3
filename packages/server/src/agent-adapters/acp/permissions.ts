import type {
  RequestPermissionRequest,
  RequestPermissionResponse,
} from '@agentclientprotocol/sdk/unstable';
import type {
  AgentEvent,
  AgentRunOptions,
  PermissionAnswer,
  PermissionRequest,
} from '../../agents/adapter.ts';
import { asObject } from '../read-json.ts';
import type { ToolCall, ToolCalls } from './tool-calls.ts';

export interface Permissions {
  /** What the agent asks before it does something itself. */
  onRequest(request: RequestPermissionRequest): Promise<RequestPermissionResponse>;
  /**
   * Whether the agent may have us do something for it: what it asked for and goes on passes, as
   * nobody is to be asked twice; else this is asked for.
   */
  mayDo(action: {
    kind: 'write' | 'execute';
    title: string;
    path?: string;
    details: unknown;
  }): Promise<boolean>;
}

const kinds: Record<string, PermissionRequest['kind']> = {
  read: 'read',
  search: 'read',
  edit: 'write',
  delete: 'write',
  move: 'write',
  execute: 'execute',
  fetch: 'network',
};

/** Has the questions of an agent answered: by the policy of the task, or by a person. */
export function createPermissions({
  calls,
  tell,
  isInside,
  policy,
  signal,
}: {
  calls: ToolCalls;
  tell: (event: AgentEvent) => void;
  /** Whether a path is one of the folder that the agent works in. */
  isInside: (path: string) => Promise<boolean>;
  policy: AgentRunOptions['permissionPolicy'];
  signal: AbortSignal;
}): Permissions {
  const times = new Map<string, number>();

  /** One call may ask more than once. */
  function idOf(id: string): string {
    const time = (times.get(id) ?? 0) + 1;
    times.set(id, time);
    return time === 1 ? id : `${id}#${time}`;
  }

  function ask(request: PermissionRequest): Promise<PermissionAnswer | undefined> {
    const { promise, resolve } = Promise.withResolvers<PermissionAnswer | undefined>();
    if (signal.aborted) return Promise.resolve(undefined);
    const onAbort = () => resolve(undefined);
    signal.addEventListener('abort', onAbort, { once: true });
    tell({ type: 'permission', request, answer: resolve });
    return promise.finally(() => signal.removeEventListener('abort', onAbort));
  }

  /** To read something outside of its folder is more than to read. */
  async function kindOf(call: ToolCall): Promise<PermissionRequest['kind']> {
    const kind = kinds[call.kind] ?? 'other';
    if (kind !== 'read') return kind;
    for (const path of [...call.paths, ...pathsIn(call.input)]) {
      if (!(await isInside(path))) return 'other';
    }
    return 'read';
  }

  return {
    async onRequest({ toolCall, options }) {
      const call = calls.read({ ...toolCall });
      const answer = await ask({
        id: idOf(call.id),
        title: titleOf(call),
        kind: await kindOf(call),
        details: { input: call.input, paths: call.paths },
      });
      if (answer === undefined) return { outcome: { outcome: 'cancelled' } };
      // What is allowed once is not allowed for ever, unless all is.
      const wanted =
        answer === 'allow'
          ? ['allow_once', ...(policy === 'allow_all' ? ['allow_always'] : [])]
          : ['reject_once', 'reject_always'];
      const option = wanted.flatMap((kind) => options.find((option) => option.kind === kind) ?? []);
      call.isAllowed = answer === 'allow' && option.length > 0;
      if (!option[0]) return { outcome: { outcome: 'cancelled' } };
      return { outcome: { outcome: 'selected', optionId: option[0].optionId } };
    },

    async mayDo({ kind, title, path, details }) {
      const asked = calls.allowed().some((call) => {
        if (kinds[call.kind] !== kind) return false;
        return path === undefined || call.paths.length === 0 || call.paths.includes(path);
      });
      if (asked) return true;
      return (await ask({ id: idOf(`borgos-${kind}`), title, kind, details })) === 'allow';
    },
  };
}

/** Some say only the path in their title. */
function titleOf({ name, title, kind }: ToolCall): string {
  return title === name ? title || kind : `${name}: ${title}`;
}

/** What looks like the path of something that may lie elsewhere. */
function pathsIn(input: unknown): string[] {
  return Object.values(asObject(input) ?? {}).filter(
    (value): value is string =>
      typeof value === 'string' && /^(?:[/~]|\.\.(?:\/|$))|\/\.\.(?:\/|$)/.test(value),
  );
}
