import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { AppError } from '../errors.ts';

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * A domain as it is kept: lower case, in ASCII letters, without a dot at its end.
 * @throws AppError VALIDATION_FAILED
 */
export function normalizeDomain(text: string): string {
  const refuse = (message: string) =>
    new AppError('VALIDATION_FAILED', `body.domain ${message}`, {
      details: [{ path: 'body.domain', message }],
    });
  if (/[/:@?#\\%[\]\s]/.test(text)) {
    throw refuse('must be a host name alone, without scheme, port and path: shop.example.com');
  }
  if (text.includes('*')) {
    throw refuse(
      'must not be a wildcard: certificates are asked for over HTTP, which can only show that one name leads here. Add each name by itself',
    );
  }
  const domain = spellDomain(text);
  if (isIP(domain) !== 0) {
    throw refuse('must be a name, not an IP address');
  }
  if (domain === 'localhost') {
    throw refuse('must not be localhost, which is every machine to itself; shop.localhost is fine');
  }
  const isName =
    domain.length > 0 &&
    domain.length <= 253 &&
    domain.split('.').every((part) => label.test(part));
  if (!isName) {
    throw refuse(
      'must be a host name of at most 253 characters, whose parts are 1 to 63 letters, digits and "-"',
    );
  }
  return domain;
}

/** As domains are kept, if it is one. */
export function spellDomain(text: string): string {
  return domainToASCII(text).replace(/\.$/, '');
}
