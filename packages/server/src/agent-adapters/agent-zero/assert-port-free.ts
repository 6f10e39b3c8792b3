import { AppError } from '../../errors.ts';

/** @throws AppError PORT_IN_USE that names who has it */
export async function assertPortFree(
  port: number,
  {
    isPortFree,
    findPortHolder,
  }: {
    isPortFree(port: number): Promise<boolean>;
    findPortHolder(port: number): Promise<{ pid: number; name: string } | null>;
  },
): Promise<void> {
  if (await isPortFree(port)) return;
  const holder = await findPortHolder(port);
  const who = holder ? `${holder.name} (process ${holder.pid})` : 'another program';
  throw new AppError(
    'PORT_IN_USE',
    `Port ${port} is held by ${who}. Stop that, or choose another port for Agent Zero with BORGOS_AGENT_ZERO_PORT. If it is an Agent Zero itself, BorgOS uses it as it is with BORGOS_AGENT_ZERO_URL=http://127.0.0.1:${port}`,
  );
}
