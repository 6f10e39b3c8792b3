import { absentAdapter } from './absent-adapter.ts';
import { type CommandAdapters, commandAdapters } from './command/command-adapters.ts';

/** An adapter for each agent that there is, or could be. */
export function openAdapters(options: Parameters<typeof commandAdapters>[0]): CommandAdapters[] {
  return [
    ...commandAdapters(options),
    {
      adapter: absentAdapter({
        name: 'agent-zero',
        title: 'Agent Zero',
        kind: 'agent-zero',
        reason: 'Agent Zero is not connected: its tasks wait until it is',
      }),
      source: 'built_in',
      mostRunning: undefined,
      secrets: [],
    },
  ];
}
