/** Of one message of a server: what is longer would be cut for agents a hundred times over. */
export const mostMessageBytes = 4 * 1024 * 1024;
/** From the start of a program, or the lookup of a name, to the answer of the handshake. */
export const connectMs = 15_000;
/** For each page of a list of tools. */
export const listMs = 10_000;
export const mostPages = 20;
/** After it, a list of tools is read again before the next call. */
export const listedForMs = 60_000;
/** At one server at a time. */
export const mostCalls = 16;
export const mostServers = 32;
/** That are switched on, of all servers: a model reads all of them at every turn. */
export const mostToolsOn = 100;
export const firstPauseMs = 1_000;
export const longestPauseMs = 300_000;
