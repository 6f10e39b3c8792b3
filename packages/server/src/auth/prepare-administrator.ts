import type { Settings } from '../settings.ts';
import { isLoopback } from '../settings-table.ts';
import type { Auth } from './auth.ts';

/**
 * Makes the administrator that the settings ask for. Returns a setup token for who needs one.
 * @throws Error when the network would be let in before there is anybody who may come in
 */
export async function prepareAdministrator(
  auth: Auth,
  { adminPassword, host, auth: mode }: Settings,
): Promise<string | null> {
  if (adminPassword) await auth.makeFirstAdministrator(adminPassword);
  if (!isLoopback(host) && !(await auth.hasAdministrator())) {
    throw new Error(
      `BORGOS_HOST is ${host}, which others can reach, and there is no administrator yet. Make one: start with BORGOS_ADMIN_PASSWORD set to a password of at least 12 characters, or run \`npm run admin -- set-password admin\`. From elsewhere you can also use an SSH tunnel, without any of this: ssh -L 8081:localhost:8081 <this machine>`,
    );
  }
  return mode === 'required' ? auth.makeSetupToken() : null;
}
