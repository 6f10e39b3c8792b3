import { AppError } from '../../errors.ts';

export interface PortHolder {
  /** Of a program, or what else it is. */
  name: string;
  pid?: number;
}

/** @throws AppError PORT_IN_USE that names who has it */
export async function assertPortFree(
  port: number,
  {
    isPortFree,
    findPortHolder,
  }: {
    isPortFree(port: number): Promise<boolean>;
    findPortHolder(port: number): Promise<PortHolder | null>;
  },
): Promise<void> {
  if (await isPortFree(port)) return;
  const holder = await findPortHolder(port);
  const process = holder?.pid === undefined ? '' : ` (process ${holder.pid})`;
  const who = holder ? `${holder.name}${process}` : 'another program';
  throw new AppError(
    'PORT_IN_USE',
    `Port ${port} is held by ${who}. Stop that, or choose another port for Agent Zero with BORGOS_AGENT_ZERO_PORT. If it is an Agent Zero itself, BorgOS uses it as it is with BORGOS_AGENT_ZERO_URL=http://127.0.0.1:${port}`,
  );
}
