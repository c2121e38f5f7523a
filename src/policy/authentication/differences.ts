import type { IncomingMessage } from 'node:http';
import type { ClientFacts } from '../../client/identity.ts';
import type { RequestHeaders } from '../headers/request-headers.ts';

/** Headers that requests which share an answer need not agree in, unless a subgraph is sent them. */
const OFTEN_NEUTRAL = ['cache-control', 'if-modified-since', 'if-none-match', 'pragma', 'user-agent'];

/**
 * Tells requests apart whose other headers are the same, but whose answers may differ: by the certificate of the
 * connection, by the address where subgraphs are told it, by headers that commonly do not matter but are passed on.
 * `undefined` when none of this is so.
 */
export function differences(
  rules: Pick<RequestHeaders, 'forwards' | 'tellsAddress'>,
  byCertificate: boolean,
): ((req: IncomingMessage, facts: ClientFacts) => string) | undefined {
  const names = OFTEN_NEUTRAL.filter(rules.forwards);
  const { tellsAddress } = rules;
  if (!byCertificate && !tellsAddress && names.length === 0) return undefined;
  return ({ headers }, { ip, identity }) => {
    let key = tellsAddress ? ip : '';
    // all of it: a proxy need not tell the fingerprint
    if (identity?.kind === 'certificate') key += `\n${JSON.stringify(identity.claims)}`;
    for (const name of names) key += `\n${headers[name] ?? ''}`;
    return key;
  };
}
