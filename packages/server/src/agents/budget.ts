import type { AgentUsage } from './adapter.ts';
import type { Prices } from './agent-settings.ts';

export interface Budget {
  /** What is left before this attempt; `null`: there is no limit. */
  readonly left: { tokens: number | null; costUsd: number | null };
  /** What it costs so far; `null`: the price is not known. */
  costOf(usage: AgentUsage): number | null;
  /** Why the attempt must end now; `null`: it may go on. */
  check(usage: AgentUsage): string | null;
}

/**
 * Keeps a task within what it may use. The next step is taken to use as much as the largest so far,
 * and so the last one that fits is the last: a step that has begun cannot be taken back.
 * @param used by earlier attempts
 */
export function createBudget({
  maxTokens,
  maxCostUsd,
  used,
  model,
  prices,
}: {
  maxTokens: number | null;
  maxCostUsd: number | null;
  used: { tokens: number; costUsd: number };
  model: string | null;
  prices: Prices;
}): Budget {
  let last = { tokens: 0, costUsd: 0 };
  const largest = { tokens: 0, costUsd: 0 };

  function costOf(usage: AgentUsage): number | null {
    if (usage.costUsd !== null) return usage.costUsd;
    const price = prices[usage.model ?? model ?? ''];
    if (!price) return null;
    return (usage.inputTokens * price.input_usd + usage.outputTokens * price.output_usd) / 1e6;
  }

  return {
    left: {
      tokens: maxTokens === null ? null : Math.max(0, maxTokens - used.tokens),
      costUsd: maxCostUsd === null ? null : Math.max(0, maxCostUsd - used.costUsd),
    },
    costOf,
    check(usage) {
      const tokens = usage.inputTokens + usage.outputTokens;
      const cost = costOf(usage);
      if (maxCostUsd !== null && cost === null) {
        return `It may cost ${maxCostUsd} dollars, and the price of the model ${usage.model ?? model ?? 'it uses'} is not known: add it to "prices" in agents.json`;
      }
      const costUsd = cost ?? 0;
      largest.tokens = Math.max(largest.tokens, tokens - last.tokens);
      largest.costUsd = Math.max(largest.costUsd, costUsd - last.costUsd);
      last = { tokens, costUsd };
      const next = usage.isFinal ? { tokens: 0, costUsd: 0 } : largest;
      const allTokens = used.tokens + tokens;
      if (maxTokens !== null && allTokens + next.tokens > maxTokens) {
        return `It has used ${allTokens} of ${maxTokens} tokens, and the next step would use more than is left`;
      }
      const allCost = used.costUsd + costUsd;
      if (maxCostUsd !== null && allCost + next.costUsd > maxCostUsd) {
        return `It has cost ${allCost.toFixed(4)} of ${maxCostUsd} dollars, and the next step would cost more than is left`;
      }
      return null;
    },
  };
}
