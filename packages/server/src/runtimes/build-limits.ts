/** Half of the machine at most, so that a build does not freeze BorgOS and the apps that run. */
export function buildLimits(machine: { cpus: number; memory: number }): {
  cpus: number;
  /** Bytes. */
  memory: number;
} {
  return {
    cpus: Math.max(1, machine.cpus) / 2,
    memory: Math.max(512 * 1024 ** 2, Math.floor(machine.memory / 2)),
  };
}
