import { Deadline, type Expirable } from '../shared/deadline.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import type { Uploads } from '../shared/uploads/uploads.ts';
import type { Cancellation } from '../sources/cancellation.ts';
import type { ExecutionResult } from './execution-result.ts';

/**
 * Settles as `work` does. Rejects with `GatewayError` 504 `GATEWAY_TIMEOUT`, and cancels the work, once the time is over.
 *
 * Not `withDeadline` of `shared/deadline.ts`, which would need one more promise to abort what else is in flight.
 * @param uploads while its files arrive, the time begins again
 */
export function withDeadline<R extends ExecutionResult>(
  ms: number,
  cancellation: Cancellation,
  work: Promise<R>,
  uploads?: Uploads,
): Promise<R> {
  const hasProgress = uploads?.watchProgress();
  return new Promise((resolve, reject) => {
    const expirable: Expirable = {
      expire: () => {
        if (hasProgress?.()) deadline = new Deadline(ms, expirable);
        else expire(ms, cancellation, reject);
      },
    };
    let deadline = new Deadline(ms, expirable);
    work.then(
      (result) => {
        deadline.cancel();
        // nobody needs its other fetches any more
        if (result.kind === 'single' && result.refusal === 'overload') cancellation.abort();
        resolve(result);
      },
      (error: unknown) => {
        deadline.cancel();
        reject(error);
      },
    );
  });
}

function expire(ms: number, cancellation: Cancellation, reject: (error: unknown) => void): void {
  reject(new GatewayError(504, 'GATEWAY_TIMEOUT', `The request took longer than ${ms} ms.`));
  cancellation.abort(true);
}
