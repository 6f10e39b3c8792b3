import type { api } from '@borgos/contracts';
import type { Call, Handlers } from '@borgos/contracts/endpoint';
import type { Auth } from './auth.ts';

export function authHandlers(auth: Auth): Handlers<(typeof api)['auth']> {
  return {
    token: (input, call) => auth.sessions.open(input, originOf(call)),
    logout: async (input, { caller, actor }) => {
      await auth.sessions.logout(input, caller, actor);
      return { message: 'Logged out' };
    },
    me: async (_, { caller: { credential, user, tokenId, address, scopes } }) => ({
      credential,
      user,
      token_id: tokenId,
      address,
      scopes: [...scopes].sort(),
    }),
    changePassword: async (input, call) => {
      await auth.users.changePassword(input, originOf(call));
      return { message: 'The password is changed, and all sessions have ended' };
    },
    setup: (input, call) => auth.setup(input, originOf(call), call.actor),
  };
}

export function userHandlers({ users }: Auth): Handlers<(typeof api)['users']> {
  return {
    list: (query) => users.list(query),
    create: (fields, { caller, actor }) => users.create(fields, caller, actor),
    get: ({ id }) => users.get(id),
    update: ({ id, ...fields }, { caller, actor }) => users.update(id, fields, caller, actor),
    delete: async ({ id }, { actor }) => {
      await users.delete(id, actor);
      return { message: `User ${id} deleted` };
    },
  };
}

export function tokenHandlers({ tokens }: Auth): Handlers<(typeof api)['tokens']> {
  return {
    list: (query) => tokens.list(query),
    create: (fields, { caller, actor }) => tokens.create(fields, caller, actor),
    get: ({ id }) => tokens.get(id),
    revoke: ({ id }, { actor }) => tokens.revoke(id, actor),
  };
}

function originOf({ caller, requestId }: Call) {
  return { address: caller.address, requestId };
}
