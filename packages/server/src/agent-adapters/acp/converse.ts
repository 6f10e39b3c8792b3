import {
  type ClientContext,
  type InitializeResponse,
  methods,
  type NewSessionResponse,
  PROTOCOL_VERSION,
  type PromptResponse,
  type SessionConfigOption,
  type McpServer as SessionServer,
} from '@agentclientprotocol/sdk/unstable';
import { type AgentEvent, AgentFailure, type McpServer } from '../../agents/adapter.ts';
import type { SessionUpdates } from './session-updates.ts';

export interface Conversation {
  agent: ClientContext;
  updates: SessionUpdates;
  tell: (event: AgentEvent) => void;
  /** From then on what the agent says is news, and not what it remembers. */
  onReady: (sessionId: string) => void;
  cwd: string;
  prompt: string;
  /** To go on with. */
  session: string | null;
  /** To be told to the session; `null`: nothing is to be told. */
  model: string | null;
  mcpServers: McpServer[];
  version: string;
  signal: AbortSignal;
}

/** An agent that is started by a package manager may be downloaded first. */
const initializeMs = 60_000;
/** It starts the MCP servers that it is given, and reads what it remembers. */
const sessionMs = 120_000;

/**
 * Sends an agent its prompt and waits for what comes of it.
 * @returns `done` or `error`
 * @throws whatever the agent answers, AgentFailure
 */
export async function converse(conversation: Conversation): Promise<AgentEvent> {
  const { agent, tell, onReady, updates, prompt, model, signal } = conversation;
  const first = await agent.request(
    methods.agent.initialize,
    {
      protocolVersion: PROTOCOL_VERSION,
      clientCapabilities: { fs: { readTextFile: true, writeTextFile: true }, terminal: true },
      clientInfo: { name: 'borgos', title: 'BorgOS', version: conversation.version },
    },
    within(initializeMs, signal),
  );
  if (first.protocolVersion !== PROTOCOL_VERSION) {
    throw new AgentFailure(
      'AGENT_UNAVAILABLE',
      `It speaks version ${first.protocolVersion} of the Agent Client Protocol, and BorgOS version ${PROTOCOL_VERSION}: install a version of it that does, too`,
    );
  }
  const { sessionId, configOptions } = await openSession(conversation, first);
  if (model !== null) await chooseModel(conversation, sessionId, model, configOptions ?? []);
  const costBefore = updates.costUsd() ?? 0;
  onReady(sessionId);
  tell({ type: 'attached', saved: {}, session: sessionId });
  const answer = await agent.request(
    methods.agent.session.prompt,
    { sessionId, prompt: [{ type: 'text', text: prompt }] },
    { cancellationSignal: signal, stopWaitingOnCancel: false },
  );
  updates.flush();
  const cost = updates.costUsd();
  const usage = usageOf(answer, cost === null ? null : Math.max(0, cost - costBefore));
  if (usage) tell(usage);
  return endOf(answer, updates.result());
}

function within(ms: number, signal: AbortSignal) {
  const cancellationSignal = AbortSignal.any([signal, AbortSignal.timeout(ms)]);
  return { cancellationSignal, stopWaitingOnCancel: true };
}

async function openSession(
  { agent, cwd, session, mcpServers, signal }: Conversation,
  { agentCapabilities }: InitializeResponse,
): Promise<NewSessionResponse> {
  const hasHttp = agentCapabilities?.mcpCapabilities?.http === true;
  const params = { cwd, mcpServers: mcpServers.map((server) => given(server, hasHttp)) };
  const options = within(sessionMs, signal);
  const { session: requests } = methods.agent;
  if (session === null) return agent.request(requests.new, params, options);
  const again = { ...params, sessionId: session };
  // To resume is to load without hearing all of it again.
  if (agentCapabilities?.sessionCapabilities?.resume) {
    return { ...(await agent.request(requests.resume, again, options)), sessionId: session };
  }
  if (agentCapabilities?.loadSession) {
    return { ...(await agent.request(requests.load, again, options)), sessionId: session };
  }
  throw new AgentFailure(
    'AGENT_FAILED',
    'It cannot go on with a session: it knows neither session/resume nor session/load. Retry the task to have it begun anew, or set "sessions": false for this agent in agents.json',
  );
}

function given({ name, url, headers, stdio }: McpServer, hasHttp: boolean): SessionServer {
  if (hasHttp) return { type: 'http', name, url, headers: pairs(headers) };
  return { name, command: stdio.command, args: stdio.args, env: pairs(stdio.env) };
}

function pairs(values: Record<string, string>): { name: string; value: string }[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

async function chooseModel(
  { agent, signal }: Conversation,
  sessionId: string,
  model: string,
  options: SessionConfigOption[],
): Promise<void> {
  const option = options.find(({ category, type }) => category === 'model' && type === 'select');
  const values = option?.type === 'select' ? valuesOf(option.options) : [];
  if (!option || !values.includes(model)) {
    const choice =
      values.length > 0 ? `It has ${values.slice(0, 20).join(', ')}` : 'It offers none';
    throw new AgentFailure('AGENT_FAILED', `There is no model ${model} to choose. ${choice}`);
  }
  const params = { sessionId, configId: option.id, value: model };
  await agent.request(methods.agent.session.setConfigOption, params, within(sessionMs, signal));
}

function valuesOf(options: Extract<SessionConfigOption, { type: 'select' }>['options']): string[] {
  return options.flatMap((entry) =>
    'options' in entry ? entry.options.map(({ value }) => value) : entry.value,
  );
}

function usageOf({ usage }: PromptResponse, costUsd: number | null): AgentEvent | undefined {
  if (!usage && costUsd === null) return undefined;
  const cached = (usage?.cachedReadTokens ?? 0) + (usage?.cachedWriteTokens ?? 0);
  return {
    type: 'usage',
    inputTokens: (usage?.inputTokens ?? 0) + cached,
    outputTokens: (usage?.outputTokens ?? 0) + (usage?.thoughtTokens ?? 0),
    costUsd,
    model: null,
    isFinal: true,
  };
}

const reasons: Record<string, string> = {
  max_tokens: 'It has used as many tokens as its model may in one answer',
  max_turn_requests: 'It has asked its model as often as it may in one turn',
  refusal: 'It refuses to do this',
  cancelled: 'It says that it was cancelled, though nobody here did that',
};

function endOf({ stopReason }: PromptResponse, text: string): AgentEvent {
  if (stopReason === 'end_turn') return { type: 'done', output: { text } };
  const said = text === '' ? '' : `: ${text}`;
  const message = `${reasons[stopReason] ?? stopReason}${said}`;
  return { type: 'error', code: 'AGENT_FAILED', message, output: { text } };
}
