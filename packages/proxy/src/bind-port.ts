import { errorCode, Refusal } from './refusal.ts';
import type { ChooseCertificate } from './secure-server.ts';
import { openVisitorPort, type Receive, type VisitorPort } from './visitor-port.ts';

/** Opens a port for visitors; throws a `Refusal` that says why it cannot be and what to do. */
export async function bindPort(
  host: string,
  port: number,
  receive: Receive,
  secure?: ChooseCertificate,
): Promise<VisitorPort> {
  const where = `Port ${port} on ${host}`;
  try {
    return await openVisitorPort(host, port, receive, secure);
  } catch (error) {
    const options = { cause: error };
    switch (errorCode(error)) {
      case 'EADDRINUSE':
        throw new Refusal(
          409,
          'PORT_IN_USE',
          `${where} is used by another process. Stop that process or choose another port.`,
          options,
        );
      case 'EACCES':
        throw new Refusal(
          403,
          'PORT_FORBIDDEN',
          `${where} needs more rights than BorgOS has. Choose a port from 1024 on, or let every user have lower ones: sysctl net.ipv4.ip_unprivileged_port_start=${port}`,
          options,
        );
      case 'EADDRNOTAVAIL':
        throw new Refusal(400, 'ADDRESS_UNKNOWN', `${host} is no address of this machine`);
      default:
        throw new Refusal(500, 'BIND_FAILED', `${where} cannot be bound: ${error}`, options);
    }
  }
}
