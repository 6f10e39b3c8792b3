import { basename } from 'node:path/posix';

const examples = /\.(?:example|sample|template|dist|defaults?)$/i;
const secretNames = [
  /^\.env(?:\..+)?$/i,
  /^\.(?:npmrc|pypirc|netrc|pgpass|git-credentials|htpasswd)$/i,
  /^id_(?:rsa|dsa|ecdsa|ed25519)$/i,
  /\.(?:pem|key|p12|pfx|jks|keystore|kdbx|ppk)$/i,
  /^(?:credentials|secrets?)(?:\.(?:json|ya?ml|toml|ini))?$/i,
  /\.tfstate(?:\.backup)?$/i,
];

/** Whether a file is one that is made to hold secrets, by its name: it is shown to nobody. */
export function holdsSecrets(path: string): boolean {
  const name = basename(path);
  if (examples.test(name)) return false;
  // Git keeps the credentials of remotes in there.
  return path.split('/').includes('.git') || secretNames.some((secret) => secret.test(name));
}
