import { JetStreamApiError } from '@nats-io/jetstream';
import { PermissionViolationError } from '@nats-io/transport-node';
import { ConfigValueError } from '../../config/config-value-error.ts';
import type { NatsSettings } from '../../config/sections/events.ts';
import type { BrokerFailure } from './broker.ts';
import { credentialsKey } from './event-keys.ts';
import { tlsReason } from './tls-reason.ts';

/** The server's code for a subject that the stream does not have. */
const NO_SUCH_SUBJECT = 10_093;
const STREAM_KEY = 'nats.jetstream.stream';

/** Returns why a topic ends, or why a message is not sent. */
export function natsFailure(error: unknown, nats: NatsSettings): BrokerFailure {
  // what the server refuses, such as a stream that does not exist, it would refuse again
  const refusal = { isTemporary: false, isUnsent: true };
  const denied = causesOf(error).find((cause) => cause instanceof PermissionViolationError);
  if (denied) return { ...refusal, reason: 'no permission', key: credentialsKey({ nats }), detail: denied.message };
  if (isNamed(error, 'StreamNotFoundError')) return { ...refusal, reason: 'stream not found', key: STREAM_KEY };
  if (isNamed(error, 'JetStreamNotEnabled'))
    return { reason: 'JetStream does not respond', isTemporary: true, isUnsent: false, key: 'nats.jetstream' };
  if (!(error instanceof JetStreamApiError) || error.status >= 500)
    return { reason: reasonOf(error), isTemporary: true, isUnsent: false };
  if (error.code === NO_SUCH_SUBJECT)
    return { ...refusal, reason: 'the stream has no such topic', key: STREAM_KEY, detail: error.message };
  return { ...refusal, reason: error.message, key: STREAM_KEY };
}

/** Returns why JetStream has not stored a message. No stream responds for a subject that no stream has. */
export function publishFailure(error: unknown, nats: NatsSettings): BrokerFailure {
  if (!isNamed(error, 'JetStreamNotEnabled')) return natsFailure(error, nats);
  return { reason: 'no stream has this topic', isTemporary: false, isUnsent: true, key: STREAM_KEY };
}

/** The client does not export the classes of these errors. */
function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

function causesOf(error: unknown): readonly Error[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : [];
}

/** Returns the reason of an error in a few words, without addresses. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  if (error instanceof ConfigValueError) return 'the credentials cannot be used';
  const ofTls = tlsReason(error);
  if (ofTls !== undefined) return ofTls;
  if (/ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ETIMEDOUT|ECONNRESET/.test(`${error.message} ${error.cause}`))
    return 'no connection';
  if (error.name === 'AuthorizationError' || error.name === 'UserAuthenticationExpiredError')
    return 'the credentials are not accepted';
  return error.name === 'Error' || error.name === 'ConnectionError' ? 'no connection' : error.message;
}
