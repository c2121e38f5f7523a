import { tlsReason } from './tls-reason.ts';

/** Returns the reason of an error in a few words, without addresses. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const ofTls = tlsReason(error);
  if (ofTls !== undefined) return ofTls;
  if (/ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ETIMEDOUT|ECONNRESET/.test(`${error.message} ${error.cause}`))
    return 'no connection';
  if (error.name === 'AuthorizationError' || error.name === 'UserAuthenticationExpiredError')
    return 'the credentials are not accepted';
  return error.name === 'Error' || error.name === 'ConnectionError' ? 'no connection' : error.message;
}
