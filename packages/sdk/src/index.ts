export { type Client, type ClientOptions, createClient } from './client.ts';
export { BorgosError, type BorgosErrorCode } from './error.ts';
