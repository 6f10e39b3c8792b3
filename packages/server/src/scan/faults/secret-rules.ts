import { crc32 } from 'node:zlib';

export interface SecretRule {
  /** What every such secret begins with or contains, as a pattern without groups. */
  anchor: string;
  /** The whole secret, sticky at the anchor. */
  pattern: RegExp;
  /** What it is, as a person would say it. */
  kind: string;
  /** What makes it certain that a string of this shape is one. */
  isReal?: (secret: string, text: string, offset: number) => boolean;
  /** Where it is worth less than the access that it looks like. */
  severity?: 'warning';
  /** It has no value to be shown in part. */
  isBlock?: true;
}

// Every pattern has one way to match and a bound on its length, so that none can take long.
export const secretRules: readonly SecretRule[] = [
  {
    anchor: 'A[KS]IA',
    pattern: /A[KS]IA[A-Z2-7]{16}(?![A-Z0-9])/y,
    kind: 'An AWS access key with its secret',
    isReal: hasAwsSecretNearby,
  },
  {
    anchor: 'A[KS]IA',
    pattern: /A[KS]IA[A-Z2-7]{16}(?![A-Z0-9])/y,
    kind: 'The id of an AWS access key',
    severity: 'warning',
  },
  {
    anchor: 'gh[pousr]_',
    pattern: /gh[pousr]_[A-Za-z0-9]{36}(?![A-Za-z0-9])/y,
    kind: 'A GitHub token',
    isReal: hasChecksum,
  },
  {
    anchor: 'github_pat_',
    pattern: /github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}(?![A-Za-z0-9])/y,
    kind: 'A GitHub token',
  },
  {
    anchor: 'npm_',
    pattern: /npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])/y,
    kind: 'An npm token',
    isReal: hasChecksum,
  },
  {
    anchor: 'glpat-',
    pattern: /glpat-[\w-]{20}(?![\w-])|glpat-[\w-]{27,300}\.[0-9a-z]{2}[0-9a-z]{7}/y,
    kind: 'A GitLab token',
  },
  {
    anchor: 'xox[abepors]',
    pattern:
      /xox[abepors](?:-\d{1,14}){1,4}-[A-Za-z0-9]{16,80}|xox[abepors]-\d-[A-Za-z0-9]{100,200}/y,
    kind: 'A Slack token',
  },
  {
    anchor: 'hooks\\.slack\\.com',
    pattern: /hooks\.slack\.com\/services\/T[A-Z0-9]{7,12}\/B[A-Z0-9]{7,12}\/[A-Za-z0-9]{24}/y,
    kind: 'A Slack webhook',
  },
  {
    anchor: '[sr]k_live_',
    pattern: /[sr]k_live_[A-Za-z0-9]{16,247}/y,
    kind: 'A live Stripe key',
  },
  { anchor: 'AIza', pattern: /AIza[\w-]{35}(?![\w-])/y, kind: 'A Google API key' },
  { anchor: 'GOCSPX-', pattern: /GOCSPX-[\w-]{28}(?![\w-])/y, kind: 'A Google OAuth secret' },
  {
    anchor: '-----BEGIN ',
    pattern:
      /-----BEGIN (?:[A-Z0-9]{2,10} )?PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[nr]){1,8}(?:[\w-]{1,30}: [^\n]{1,200}\s{1,8}){0,4}[A-Za-z0-9+/=\s\\]{64}/y,
    kind: 'A private key',
    isReal: (secret) => !/ENCRYPTED/.test(secret) && !/(.)\1{15}/.test(secret),
    isBlock: true,
  },
  {
    anchor: 'sk-ant-',
    pattern: /sk-ant-(?:api|admin|oat)\d{2}-[\w-]{80,120}(?![\w-])/y,
    kind: 'An Anthropic key',
  },
  {
    anchor: 'sk-',
    pattern: /sk-(?:(?:proj|svcacct|admin)-)?[\w-]{20,100}T3BlbkFJ[\w-]{20,100}/y,
    kind: 'An OpenAI key',
  },
  {
    anchor: 'SG\\.',
    pattern: /SG\.[\w-]{22}\.[\w-]{43}(?![\w-])/y,
    kind: 'A SendGrid key',
  },
  { anchor: 'hf_', pattern: /hf_[A-Za-z]{34}(?![A-Za-z0-9])/y, kind: 'A Hugging Face token' },
  { anchor: 'pypi-AgEI', pattern: /pypi-AgEI[\w-]{50,300}/y, kind: 'A PyPI token' },
  {
    anchor: 'dop_v1_',
    pattern: /dop_v1_[0-9a-f]{64}(?![0-9a-f])/y,
    kind: 'A DigitalOcean token',
  },
  { anchor: 'dckr_pat_', pattern: /dckr_pat_[\w-]{27}(?![\w-])/y, kind: 'A Docker Hub token' },
  {
    anchor: 'shp(?:at|ca|pa|ss)_',
    pattern: /shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}(?![0-9a-fA-F])/y,
    kind: 'A Shopify token',
  },
  {
    anchor: 'AccountKey=',
    pattern: /AccountKey=[A-Za-z0-9+/]{86}==/y,
    kind: 'An Azure storage key',
  },
  {
    anchor: 'discord(?:app)?\\.com/api/webhooks/',
    pattern: /discord(?:app)?\.com\/api\/webhooks\/\d{17,20}\/[\w-]{60,80}/y,
    kind: 'A Discord webhook',
  },
  {
    anchor: 'AGE-SECRET-KEY-1',
    pattern: /AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}/y,
    kind: 'An age key',
  },
  {
    anchor: 'borg_',
    pattern: /borg_[0-9A-Za-z]{49}(?![0-9A-Za-z])/y,
    kind: 'A BorgOS token',
  },
  {
    anchor: '\\d{8,10}:AA',
    pattern: /\d{8,10}:AA[\w-]{33}(?![\w-])/y,
    kind: 'A Telegram bot token',
  },
];

/** GitHub and npm end their tokens with the CRC-32 of what is before it, in base 62. */
function hasChecksum(token: string): boolean {
  const body = token.slice(token.indexOf('_') + 1);
  let rest = crc32(body.slice(0, -6));
  let checksum = '';
  for (let digit = 0; digit < 6; digit++) {
    checksum = `${digits[rest % 62]}${checksum}`;
    rest = Math.floor(rest / 62);
  }
  return checksum === body.slice(-6);
}

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function hasAwsSecretNearby(_: string, text: string, offset: number): boolean {
  const around = text.slice(Math.max(0, offset - 300), offset + 320);
  for (const [found] of around.matchAll(/(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])/g)) {
    if (/[a-z]/.test(found) && /[A-Z]/.test(found) && /\d/.test(found)) return true;
  }
  return false;
}
