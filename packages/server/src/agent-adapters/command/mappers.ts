import type { AgentCapabilities } from '@borgos/contracts/agents';
import type { CommandAgent } from './command-agent.ts';
import type { LineMapper } from './line-mapper.ts';
import { createBorgosMapper } from './map-borgos.ts';
import { createClaudeMapper } from './map-claude.ts';
import { createCodexMapper } from './map-codex.ts';
import { createOpencodeMapper } from './map-opencode.ts';
import { createTextMapper } from './map-text.ts';

type Format = CommandAgent['format'];

export const createMapper: Record<Format, () => LineMapper> = {
  text: createTextMapper,
  borgos: createBorgosMapper,
  claude: createClaudeMapper,
  codex: createCodexMapper,
  opencode: createOpencodeMapper,
};

/** What can be heard in a format. */
export const heardIn: Record<Format, Pick<AgentCapabilities, 'permissions' | 'usage' | 'cost'>> = {
  text: { permissions: false, usage: 'none', cost: false },
  borgos: { permissions: true, usage: 'live', cost: true },
  // What it cost comes with the result, which is too late for a budget.
  claude: { permissions: false, usage: 'live', cost: false },
  codex: { permissions: false, usage: 'end', cost: false },
  opencode: { permissions: false, usage: 'live', cost: true },
};
