export type InTurn = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/**
 * Returns a function that runs what it is given one after another, in order. Who is aborted while
 * waiting does not wait for those before; who is running has to look at the signal itself.
 */
export function createInTurn(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>, signal: AbortSignal) => {
    let hasBegun = false;
    const turn = last.then(() => {
      signal.throwIfAborted();
      hasBegun = true;
      return work();
    });
    last = turn.catch(() => {});
    return new Promise<T>((resolve, reject) => {
      const giveUp = () => {
        if (!hasBegun) reject(signal.reason);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      turn.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
    });
  };
}
