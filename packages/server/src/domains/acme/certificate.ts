import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { DomainCertificate } from '@borgos/contracts/domains';
import { AcmeProblem } from './acme-problem.ts';

/**
 * What is to be known of a certificate, the first one of a chain.
 * @param chain as PEM
 * @param key as PEM
 * @throws AcmeProblem when it is not for this domain and key, or not valid now
 */
export function readCertificate(
  chain: string,
  domain: string,
  key: string,
  now: number,
): DomainCertificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(chain);
  } catch (cause) {
    throw new AcmeProblem('The ACME server sent what is no certificate', { cause });
  }
  const { validFromDate, validToDate, issuer, serialNumber, fingerprint256 } = certificate;
  if (!certificate.checkPrivateKey(createPrivateKey(key))) {
    throw new AcmeProblem('The ACME server sent a certificate of another key');
  }
  if (certificate.checkHost(domain) === undefined) {
    throw new AcmeProblem(`The ACME server sent a certificate that is not for ${domain}`);
  }
  if (validToDate.getTime() <= now) {
    throw new AcmeProblem('The ACME server sent a certificate that has expired');
  }
  return {
    not_before: validFromDate.toISOString(),
    not_after: validToDate.toISOString(),
    issuer: issuer.split('\n').reverse().join(', ').slice(0, 200).toWellFormed(),
    serial_number: serialNumber.toLowerCase(),
    fingerprint_sha256: fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

/** When a third of its time is left. */
export function renewalOf({ not_before, not_after }: DomainCertificate): Date {
  const [from, until] = [Date.parse(not_before), Date.parse(not_after)];
  return new Date(from + ((until - from) * 2) / 3);
}
