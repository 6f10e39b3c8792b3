import type { AgentEvent } from '../../agents/adapter.ts';
import { asList, asObject, asText, type Json } from '../read-json.ts';

/** A call of a tool that was told of and has not ended. */
export interface ToolCall {
  id: string;
  /** Of the tool; the first title, where an agent does not name it. */
  name: string;
  title: string;
  /** As the protocol has them: `read`, `edit`, `execute`, … */
  kind: string;
  input: unknown;
  /** The files that it is about. */
  paths: string[];
  /** A person, or the policy, has let it pass. */
  isAllowed: boolean;
}

export interface ToolCalls {
  /** `tool_call` and `tool_call_update`, which may come in any order and leave out what is known. */
  read(update: Json): ToolCall;
  /** Those that were let pass and go on. */
  allowed(): ToolCall[];
}

const mostOpen = 1_000;
const statuses: Record<string, 'running' | 'completed' | 'failed'> = {
  in_progress: 'running',
  completed: 'completed',
  failed: 'failed',
};

type Known = ToolCall & { isTold: boolean; status: string };

/** Keeps what is known of each call, and tells of it once it is known what it is to do. */
export function createToolCalls(tell: (event: AgentEvent) => void): ToolCalls {
  const open = new Map<string, Known>();

  function known(id: string): Known {
    const call = open.get(id) ?? {
      ...{ id, name: '', title: '', kind: 'other', input: undefined, paths: [] },
      ...{ isAllowed: false, isTold: false, status: '' },
    };
    open.set(id, call);
    const [oldest] = open.size > mostOpen ? open.keys() : [];
    if (oldest !== undefined) open.delete(oldest);
    return call;
  }

  function tellCall(call: Known): void {
    if (call.isTold) return;
    call.isTold = true;
    const { id, name, kind, input } = call;
    tell({ type: 'tool_call', id, name: name || kind, ...(input != null && { input }) });
  }

  return {
    read(update) {
      const call = known(asText(update.toolCallId));
      call.title = asText(update.title) || call.title;
      call.name = asText(update.name) || call.name || call.title;
      call.kind = asText(update.kind) || call.kind;
      if (update.rawInput != null) call.input = update.rawInput;
      const paths = [...asList(update.locations), ...asList(update.content)].map(({ path }) =>
        asText(path),
      );
      if (paths.some((path) => path !== '')) call.paths = paths.filter((path) => path !== '');
      const before = call.status;
      call.status = asText(update.status) || call.status;
      // Agents tell of a call before they know its input.
      const hasInput = Object.keys(asObject(call.input) ?? {}).length > 0;
      const status = statuses[call.status];
      if (hasInput || status || update.sessionUpdate === undefined) tellCall(call);
      if (status && call.status !== before) {
        const output = status === 'running' ? undefined : outputOf(update);
        tell({ type: 'tool_update', id: call.id, status, ...(output !== undefined && { output }) });
        if (status !== 'running') open.delete(call.id);
      }
      return call;
    },
    allowed: () => [...open.values()].filter(({ isAllowed }) => isAllowed),
  };
}

function outputOf({ rawOutput, content }: Json): unknown {
  if (rawOutput != null) return rawOutput;
  const parts = asList(content);
  return parts.length === 0 ? undefined : parts.map((part) => part.content ?? part);
}
