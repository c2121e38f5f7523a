import { createSecretKey } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { GatewayError } from '../../shared/gateway-error.ts';

/** The longest time until a debug token expires, in seconds. */
export const MAX_TOKEN_SECONDS = 3_600;

const ALGORITHM = 'HS256';
/** Keeps tokens of other purposes that are signed with the same secret from being debug tokens. */
const AUDIENCE = 'headgate-debug';

/** Returns a token that allows debug traces for some time, in seconds. */
export function signDebugToken(secret: string, seconds: number, now = Date.now()): Promise<string> {
  const issued = Math.floor(now / 1_000);
  return new SignJWT()
    .setProtectedHeader({ alg: ALGORITHM })
    .setAudience(AUDIENCE)
    .setIssuedAt(issued)
    .setExpirationTime(issued + seconds)
    .sign(createSecretKey(Buffer.from(secret)));
}

/** Checks a debug token. Rejects with `GatewayError` 403 `DEBUG_TOKEN_INVALID`. */
export async function checkDebugToken(token: string, secret: string, now = Date.now()): Promise<void> {
  const expiresAt = await expiryOf(token, secret, now);
  const seconds = expiresAt - Math.floor(now / 1_000);
  if (seconds > MAX_TOKEN_SECONDS)
    throw invalid(`it is valid for ${seconds} more seconds; expected at most ${MAX_TOKEN_SECONDS}`);
}

async function expiryOf(token: string, secret: string, now: number): Promise<number> {
  try {
    const { payload } = await jwtVerify(token, createSecretKey(Buffer.from(secret)), {
      algorithms: [ALGORITHM],
      audience: AUDIENCE,
      requiredClaims: ['exp'],
      currentDate: new Date(now),
    });
    return payload.exp as number;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw invalid('it has expired');
    if (error instanceof errors.JOSEAlgNotAllowed) throw invalid(`its algorithm is not ${ALGORITHM}`);
    if (error instanceof errors.JWSSignatureVerificationFailed) throw invalid('its signature is wrong');
    if (error instanceof errors.JWTClaimValidationFailed)
      throw invalid(`its claim "${error.claim}" is missing or wrong`);
    if (error instanceof errors.JOSEError) throw invalid('it is not a signed JWT');
    throw error;
  }
}

function invalid(reason: string): GatewayError {
  const message = `The token in x-headgate-debug-token is not accepted: ${reason}. Make a new one with "headgate debug-token".`;
  return new GatewayError(403, 'DEBUG_TOKEN_INVALID', message);
}
