import type { KeyStore } from '../bff/idempotency/idempotency.ts';
import type { SharedFailures } from '../policy/authentication/failed-attempts.ts';
import type { RemoteDocuments } from '../policy/persisted/registered-documents.ts';
import type { RemoteCount } from '../policy/rate-limits/remote-limiter.ts';
import type { MessageRelay } from '../store/messages.ts';
import type { UsageStore } from '../usage/usage-report.ts';

/** State that the primary process keeps for all workers of this machine when there is no Redis. */
export interface SharedState {
  readonly idempotencyKeys: KeyStore;
  readonly countLimits: RemoteCount;
  readonly documents: RemoteDocuments;
  /** Sends messages to the other workers. */
  readonly messages: MessageRelay;
  readonly usage: UsageStore;
  /** Returns the counters of one scope. */
  failuresOf(scope: string): SharedFailures;
}
