import { createPrivateKey, createPublicKey, sign } from 'node:crypto';

/**
 * A request for a certificate (PKCS #10) of one domain, signed with the key of the certificate to
 * come, a PEM of P-256; as DER. The subject is empty: names are in `subjectAltName` alone.
 */
export function certificateRequest(domain: string, privateKey: string): Buffer {
  const key = createPrivateKey(privateKey);
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const dnsName = der(0x82, Buffer.from(domain, 'ascii'));
  const subjectAltName = sequence(oid('551d11'), der(0x04, sequence(dnsName)));
  const extensionRequest = sequence(oid('2a864886f70d01090e'), set(sequence(subjectAltName)));
  const version = der(0x02, Buffer.from([0]));
  const content = sequence(version, sequence(), publicKey, der(0xa0, extensionRequest));
  const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'));
  const signature = der(0x03, Buffer.from([0]), sign('sha256', content, key));
  return sequence(content, ecdsaWithSha256, signature);
}

/** One value of ASN.1: its tag, its length, its content. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content]);
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes = length > 0xff ? [length >> 8, length & 0xff] : [length];
  return [0x80 | bytes.length, ...bytes];
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, ...parts);
}

function set(...parts: Buffer[]): Buffer {
  return der(0x31, ...parts);
}

/** `hex`: as it is encoded. */
function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}
