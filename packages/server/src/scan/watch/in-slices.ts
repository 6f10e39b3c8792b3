/** Work that can be left after each step. */
export type Work = Generator<void, void, void>;

export interface Slices {
  /** Does the work after all that was added before, in turns of the event loop of its own. */
  add(work: Work): void;
  /** Leaves what is not done. */
  close(): void;
}

/** @param sliceMs how long the event loop is held up at most, but for one step that takes longer */
export function createSlices(sliceMs = 8): Slices {
  const queue: Work[] = [];
  let turn: NodeJS.Immediate | undefined;

  function run(): void {
    turn = undefined;
    const until = performance.now() + sliceMs;
    for (let work = queue[0]; work; work = queue[0]) {
      if (performance.now() >= until) break;
      if (work.next().done) queue.shift();
    }
    if (queue.length > 0) turn ??= setImmediate(run);
  }

  return {
    add(work) {
      queue.push(work);
      turn ??= setImmediate(run);
    },
    close() {
      clearImmediate(turn);
      queue.length = 0;
    },
  };
}
