import type { KeyStore } from '../bff/idempotency/idempotency.ts';
import type { SharedFailures } from '../policy/authentication/failed-attempts.ts';
import type { RemoteDocuments } from '../policy/persisted/registered-documents.ts';
import type { RemoteCount } from '../policy/rate-limits/remote-limiter.ts';

/** State that one process keeps for all workers of this machine, where it is not in Redis. */
export interface SharedState {
  readonly idempotencyKeys: KeyStore;
  readonly countLimits: RemoteCount;
  readonly documents: RemoteDocuments;
  /** Failures of each scope are counted by themselves. */
  failuresOf(scope: string): SharedFailures;
}
