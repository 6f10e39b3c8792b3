import type { AgentEvent } from '../../agents/adapter.ts';
import type { LogItem } from './chats.ts';

/** Makes events of the log of a chat, whose items change after they were seen. */
export interface LogReader {
  /**
   * Takes in what is new, and tells what is settled: an item after which there is another one, or
   * that has not changed since the last look, or all when `isOver`.
   */
  take(items: LogItem[], isOver: boolean): AgentEvent[];
  /** The log began anew; what was told is not told again. */
  begin(): void;
  /** The last item that says how it went; `undefined`: none does. */
  verdict(): LogItem | undefined;
  /** Whether there is anything beside what the agent was told. */
  hasAnswer(): boolean;
}

const toolTypes = new Set(['tool', 'code_exe', 'browser', 'mcp', 'subagent']);
const progressTypes = new Set(['error', 'warning', 'info', 'hint', 'progress', 'util', 'input']);

/** @param from the position of the last event that was kept: items before it were told */
export function createLogReader(from: number): LogReader {
  let current = new Map<number, LogItem>();
  /** What was told of each, as text. */
  const told = new Map<number, string>();
  let openTool: LogItem | undefined;
  let settled = from;

  /** Grows, also when an earlier item has changed. */
  function positionOf({ no }: LogItem): number {
    settled = Math.max(settled, no + 1);
    return settled;
  }

  function closeTool(): AgentEvent[] {
    if (!openTool) return [];
    const item = current.get(openTool.no) ?? openTool;
    openTool = undefined;
    return [
      {
        type: 'tool_update',
        id: `item-${item.no}`,
        status: 'completed',
        output: item.content ?? '',
        position: positionOf(item),
      },
    ];
  }

  function tell(item: LogItem, text: string): AgentEvent[] {
    if (toolTypes.has(item.type)) {
      const name = toolNameOf(item);
      openTool = item;
      return [{ type: 'tool_call', id: `item-${item.no}`, name, input: item.kvps ?? {} }];
    }
    if (text === '') return [];
    const position = positionOf(item);
    if (item.type === 'response') return [{ type: 'message', text, position }];
    if (item.type === 'agent') return [{ type: 'thought', text, position }];
    return progressTypes.has(item.type) ? [{ type: 'progress', text, position }] : [];
  }

  function* fresh(item: LogItem): Generator<AgentEvent> {
    const text = textOf(item);
    const known = told.get(item.no);
    if (known === undefined) {
      yield* closeTool();
      told.set(item.no, text);
      yield* tell(item, text);
    } else if (known !== text && !toolTypes.has(item.type)) {
      told.set(item.no, text);
      yield* tell(item, text.startsWith(known) ? text.slice(known.length) : text);
    }
  }

  return {
    take(items, isOver) {
      const changed = new Set<number>();
      for (const item of items) {
        const before = current.get(item.no);
        if (!before || textOf(before) !== textOf(item)) changed.add(item.no);
        current.set(item.no, item);
      }
      const numbers = [...current.keys()].filter((no) => no >= from).sort((a, b) => a - b);
      const last = numbers.at(-1);
      const events: AgentEvent[] = [];
      for (const no of numbers) {
        const item = current.get(no);
        // What still grows is told when it is whole: half sentences are no news.
        if (!item || (no === last && changed.has(no) && !isOver)) continue;
        for (const event of fresh(item)) events.push(event);
      }
      if (isOver) events.push(...closeTool());
      return events;
    },
    begin() {
      current = new Map();
    },
    verdict: () =>
      [...current.values()]
        .filter(({ type }) => type === 'response' || type === 'error')
        .sort((a, b) => a.no - b.no)
        .at(-1),
    hasAnswer: () => [...current.values()].some(({ type }) => type !== 'user'),
  };
}

function textOf({ type, heading, content, kvps }: LogItem): string {
  if (type === 'response') return content ?? '';
  if (type === 'agent') {
    const thoughts = kvps?.thoughts;
    // The content is what the model wrote, as it wrote it.
    if (Array.isArray(thoughts)) return thoughts.map(String).join('\n');
    return typeof thoughts === 'string' ? thoughts : (heading ?? '');
  }
  return [heading, content].filter(Boolean).join('\n');
}

function toolNameOf({ type, kvps }: LogItem): string {
  const name = kvps?._tool_name ?? kvps?.tool_name;
  return typeof name === 'string' && name !== '' ? name : type;
}
