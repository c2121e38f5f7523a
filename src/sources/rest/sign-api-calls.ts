import { unsignedFailure } from '../http/http-failure.ts';
import type { SignRequest } from '../http/signing/sign-request.ts';
import { ApiRefusal } from './api-refusal.ts';
import type { SendApiRequest } from './api-transport.ts';

/** Signs each try of a call. Rejects with `ApiRefusal` where the signature has to cover a body that arrives while it is sent. */
export function signApiCalls(
  send: SendApiRequest,
  subgraph: string,
  origin: string,
  sign: SignRequest | undefined,
): SendApiRequest {
  if (sign === undefined) return send;
  const { protocol, host } = new URL(origin);
  const scheme = protocol.slice(0, -1);
  return async (request) => {
    const { method, path, body, isOneShot } = request;
    if (isOneShot && sign.coversBody) {
      if (typeof body === 'object' && 'destroy' in body) body.destroy();
      throw new ApiRefusal(unsignedFailure(subgraph));
    }
    const pairs = Object.entries(request.headers).flatMap(([name, value]) => [name.toLowerCase(), value]);
    const own = Object.keys(request.headers).find((name) => name.toLowerCase() === 'host');
    const authority = own === undefined ? host : (request.headers[own] as string);
    const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : undefined;
    const signed = sign({ method, scheme, authority, path, headers: pairs }, text);
    return send({ ...request, headers: byName(signed) });
  };
}

function byName(pairs: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let at = 0; at < pairs.length; at += 2) headers[pairs[at] as string] = pairs[at + 1] as string;
  return headers;
}
