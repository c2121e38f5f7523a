import type { ClientFacts } from '../../client/identity.ts';
import type { RequestHeaders } from '../headers/request-headers.ts';

/**
 * Tells requests apart whose headers are the same, but whose answers may differ: by the certificate of the connection,
 * and by the address where subgraphs are told it. `undefined` when none of this is so.
 */
export function differences(
  { tellsAddress }: Pick<RequestHeaders, 'tellsAddress'>,
  byCertificate: boolean,
): ((facts: ClientFacts) => string) | undefined {
  if (!byCertificate && !tellsAddress) return undefined;
  return ({ ip, identity }) => {
    const address = tellsAddress ? ip : '';
    // all of it: a proxy need not tell the fingerprint
    return identity?.kind === 'certificate' ? `${address}\n${JSON.stringify(identity.claims)}` : address;
  };
}
