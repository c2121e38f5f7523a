import type { Config } from '../config/config.ts';
import { signatureOf } from '../config/sections/subgraph-authentication.ts';
import { requestSigner, type SignRequest } from '../sources/http/signing/sign-request.ts';
import { signingKey } from '../sources/http/signing/signing-key.ts';
import type { Logger } from '../telemetry/logger.ts';

/**
 * Returns a function that returns the signer of a subgraph; `undefined` where requests are not signed. Signers outlive schemas: a
 * change of a key file at the wrong moment does not prevent a new schema. The function throws `ConfigValueError`.
 */
export function openSigners(
  { authentication }: Pick<Config, 'authentication'>,
  logger: Pick<Logger, 'error'>,
): (subgraph: string) => SignRequest | undefined {
  const signers = new Map<string, SignRequest | undefined>();
  return (subgraph) => {
    if (signers.has(subgraph)) return signers.get(subgraph);
    const keyed = signatureOf(authentication.subgraph, subgraph);
    const onProblem = (message: string) => logger.error({ subgraph }, message);
    const signer = keyed && requestSigner(keyed.settings, signingKey(keyed, { onProblem }));
    signers.set(subgraph, signer);
    return signer;
  };
}
