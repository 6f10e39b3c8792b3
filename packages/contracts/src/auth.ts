import { z } from 'zod';
import { credential } from './caller.ts';
import { defineEndpoint, type Scope, scopes } from './endpoint.ts';
import { id, idParams, message, printable, timestamp } from './fields.ts';
import { pageQuery } from './page.ts';

export const scope = z.enum(scopes as [Scope, ...Scope[]]).meta({
  id: 'Scope',
  description: 'What a caller may do. `write` includes `read`; `admin` is users, tokens and audit.',
});

const scopeList = z
  .array(scope)
  .min(1)
  .max(scopes.length)
  .transform((list) => [...new Set(list)].sort())
  .meta({ examples: [['projects:read', 'deployments:write']] });

export const userName = z
  .string()
  .trim()
  .toLowerCase()
  .regex(
    /^[a-z0-9]([a-z0-9._@-]{0,62}[a-z0-9])?$/,
    'must be 1 to 64 of a-z, 0-9, ".", "_", "@" and "-", beginning and ending with a letter or digit',
  )
  .meta({ description: 'Unique, in lower case.', examples: ['ada'] });

export const password = z
  .string()
  .min(12, 'must have at least 12 characters')
  .max(256)
  .regex(printable, 'must have no control characters')
  .meta({ description: 'At least 12 characters. It is kept as an argon2id hash only.' });

/** As it comes from somebody who claims to know it: its rules may have been others once. */
const givenPassword = z.string().min(1).max(1024);
const givenName = z.string().trim().toLowerCase().min(1).max(64).regex(printable);

const refreshToken = z.string().min(1).max(200).meta({
  description: 'Of the last `POST /api/v1/auth/token`; it works once, and gives the next one.',
});

export const session = z
  .object({
    access_token: z
      .string()
      .meta({ description: 'A JWT, for `Authorization: Bearer`; it ends after `expires_in`.' }),
    token_type: z.literal('Bearer'),
    expires_in: z.int().meta({ description: 'Seconds; at most 3600.' }),
    refresh_token: z.string(),
    refresh_expires_at: timestamp,
    scopes: z.array(scope),
  })
  .meta({ id: 'Session', description: 'What a login gives.' });

export type Session = z.infer<typeof session>;

export const user = z
  .object({
    id,
    name: z.string(),
    scopes: z.array(scope),
    created_at: timestamp,
    updated_at: timestamp,
    last_login_at: timestamp.nullable(),
  })
  .meta({ id: 'User', description: 'A person who has a password.' });

export type User = z.infer<typeof user>;

export const apiToken = z
  .object({
    id,
    name: z.string(),
    prefix: z
      .string()
      .meta({ description: 'How it begins, to tell it from others.', examples: ['borg_3fQx'] }),
    scopes: z.array(scope),
    rate_limit: z.string().nullable(),
    created_by: z.string().nullable().meta({ description: 'The user who made it.' }),
    created_at: timestamp,
    expires_at: timestamp.nullable(),
    last_used_at: timestamp.nullable().meta({ description: 'To the minute.' }),
    last_used_from: z.string().nullable().meta({ description: 'An address.' }),
    revoked_at: timestamp.nullable(),
  })
  .meta({
    id: 'ApiToken',
    description: 'A credential for a program. The token itself is not kept.',
  });

export type ApiToken = z.infer<typeof apiToken>;

const tokenName = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(printable, 'must have no control characters')
  .meta({ description: 'What it is for.', examples: ['CI of my-app'] });

/** `60/100`: a minute in the long run / at once. */
export const rateLimitText = z
  .string()
  .regex(/^[1-9]\d{0,6}\/[1-9]\d{0,6}$/, 'must be requests a minute / burst, such as "60/100"')
  .meta({
    description: 'Requests a minute / burst; without it that of the settings holds.',
    examples: ['600/1000'],
  });

const tag = 'Authentication';

export const auth = {
  token: defineEndpoint({
    method: 'POST',
    path: '/api/v1/auth/token',
    tag,
    summary: 'Log in, or renew a session',
    description:
      'With `username` and `password`, or with `refresh_token`. A refresh token that is used a second time ends its whole session, as one of the two users stole it. After five wrong passwords each further try has to wait, longer each time.',
    scope: null,
    body: z
      .strictObject({
        username: givenName.optional(),
        password: givenPassword.optional(),
        refresh_token: refreshToken.optional(),
        scopes: scopeList
          .optional()
          .meta({ description: 'To log in with fewer than the user has. All by default.' }),
      })
      .refine(
        ({ username, password, refresh_token }) =>
          refresh_token === undefined
            ? username !== undefined && password !== undefined
            : username === undefined && password === undefined,
        'must have either username and password, or refresh_token',
      ),
    status: 200,
    response: session,
    errors: ['SCOPE_MISSING'],
  }),
  logout: defineEndpoint({
    method: 'DELETE',
    path: '/api/v1/auth/token',
    tag,
    summary: 'Log out',
    description:
      'Ends the session of the refresh token, or else that of the access token that the request carries: neither works from then on.',
    scope: null,
    body: z.strictObject({ refresh_token: refreshToken.optional() }),
    status: 200,
    response: z.object({ message }),
    errors: [],
  }),
  me: defineEndpoint({
    method: 'GET',
    path: '/api/v1/auth/me',
    tag,
    summary: 'Read who the caller is',
    description: 'With which credential, and what it may do.',
    scope: 'any',
    status: 200,
    response: z.object({
      credential,
      user: z.object({ id, name: z.string() }).nullable(),
      token_id: id.nullable(),
      address: z.string(),
      scopes: z.array(scope),
    }),
    errors: [],
  }),
  changePassword: defineEndpoint({
    method: 'PUT',
    path: '/api/v1/auth/password',
    tag,
    summary: 'Change one’s own password',
    description: 'The old password is the credential. All sessions of the user end.',
    scope: null,
    body: z.strictObject({
      username: givenName,
      password: givenPassword.meta({ description: 'The one until now.' }),
      new_password: password,
    }),
    status: 200,
    response: z.object({ message }),
    errors: [],
  }),
  setup: defineEndpoint({
    method: 'POST',
    path: '/api/v1/auth/setup',
    tag,
    summary: 'Make the first administrator',
    description:
      'With the setup token that BorgOS prints once, at the first start with `BORGOS_AUTH=required`.',
    scope: null,
    body: z.strictObject({
      setup_token: z.string().min(1).max(200),
      username: userName,
      password,
    }),
    status: 201,
    response: user,
    errors: ['ALREADY_SET_UP'],
  }),
};

const userErrors = ['USER_EXISTS', 'LAST_ADMINISTRATOR', 'SCOPE_MISSING'] as const;

export const users = {
  list: defineEndpoint({
    method: 'GET',
    path: '/api/v1/users',
    tag,
    summary: 'List users',
    description: 'Newest first.',
    scope: 'admin:read',
    query: z.strictObject({ ...pageQuery }),
    status: 200,
    response: user,
    list: true,
    errors: [],
  }),
  create: defineEndpoint({
    method: 'POST',
    path: '/api/v1/users',
    tag,
    summary: 'Add a user',
    description: 'Nobody can give away more than they may do themselves.',
    scope: 'admin:write',
    body: z.strictObject({ name: userName, password, scopes: scopeList }),
    status: 201,
    response: user,
    errors: userErrors,
  }),
  get: defineEndpoint({
    method: 'GET',
    path: '/api/v1/users/{id}',
    tag,
    summary: 'Read a user',
    description: 'Without the password, which nobody can read.',
    scope: 'admin:read',
    params: idParams,
    status: 200,
    response: user,
    errors: ['NOT_FOUND'],
  }),
  update: defineEndpoint({
    method: 'PATCH',
    path: '/api/v1/users/{id}',
    tag,
    summary: 'Change a user',
    description:
      'Changes only what is given. Another password or other scopes end all sessions of the user.',
    scope: 'admin:write',
    params: idParams,
    body: z.strictObject({
      name: userName.optional(),
      password: password.optional(),
      scopes: scopeList.optional(),
    }),
    status: 200,
    response: user,
    errors: ['NOT_FOUND', ...userErrors],
  }),
  delete: defineEndpoint({
    method: 'DELETE',
    path: '/api/v1/users/{id}',
    tag,
    summary: 'Remove a user',
    description: 'The user’s sessions and API tokens end. The last administrator stays.',
    scope: 'admin:write',
    params: idParams,
    status: 200,
    response: z.object({ message }),
    errors: ['NOT_FOUND', 'LAST_ADMINISTRATOR'],
  }),
};

export const tokens = {
  list: defineEndpoint({
    method: 'GET',
    path: '/api/v1/tokens',
    tag,
    summary: 'List API tokens',
    description: 'Newest first, revoked ones too.',
    scope: 'admin:read',
    query: z.strictObject({
      ...pageQuery,
      active: z
        .boolean()
        .optional()
        .meta({ description: 'Only those that work, or only those revoked or expired.' }),
    }),
    status: 200,
    response: apiToken,
    list: true,
    errors: [],
  }),
  create: defineEndpoint({
    method: 'POST',
    path: '/api/v1/tokens',
    tag,
    summary: 'Make an API token',
    description:
      '`token` is in this answer and never shown again. A token can do no more than who makes it.',
    scope: 'admin:write',
    body: z.strictObject({
      name: tokenName,
      scopes: scopeList,
      expires_at: timestamp.nullable().default(null).meta({ description: '`null`: never.' }),
      rate_limit: rateLimitText.nullable().default(null),
    }),
    status: 201,
    response: apiToken.extend({
      token: z.string().meta({
        description: 'For `Authorization: Bearer`. Shown only here.',
        examples: ['borg_3fQxZ…'],
      }),
    }),
    errors: ['SCOPE_MISSING'],
  }),
  get: defineEndpoint({
    method: 'GET',
    path: '/api/v1/tokens/{id}',
    tag,
    summary: 'Read an API token',
    description: 'What it is for, what it may do and when it was used; not the token.',
    scope: 'admin:read',
    params: idParams,
    status: 200,
    response: apiToken,
    errors: ['NOT_FOUND'],
  }),
  revoke: defineEndpoint({
    method: 'DELETE',
    path: '/api/v1/tokens/{id}',
    tag,
    summary: 'Revoke an API token',
    description: 'It stops working at once, and stays in the list.',
    scope: 'admin:write',
    params: idParams,
    status: 200,
    response: apiToken,
    errors: ['NOT_FOUND'],
  }),
};
