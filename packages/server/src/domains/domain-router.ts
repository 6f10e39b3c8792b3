/** What the proxy is to serve by name: all of it at once. */
export interface ServedDomains {
  /** The port that visitors in clear share; `null`: none. */
  http: number | null;
  /** The same within TLS. */
  https: number | null;
  domains: {
    domain: string;
    deploymentId: number;
    certificate: ServedCertificate | null;
  }[];
  /** What is answered below `/.well-known/acme-challenge/`. */
  challenges: { token: string; keyAuthorization: string }[];
}

export interface ServedCertificate {
  /** Of the certificate, SHA-256 in 64 hexadecimal digits: another certificate, another one. */
  fingerprint: string;
  /** Its private key and its chain, as PEM; asked for only when the proxy has not got it yet. */
  read(): string;
}

/** Why visitors do not reach a shared port; `null`: nothing is known to keep them from it. */
export interface DomainProblems {
  http: string | null;
  https: string | null;
}

/** What serves domains: the proxy. It goes on with what it was told last. */
export interface DomainRouter {
  /** Takes effect for new requests at once; no connection is dropped. Call it one at a time. */
  serveDomains(served: ServedDomains): Promise<void>;
  domainProblems(): Promise<DomainProblems>;
}
