import { allowLongRequest } from '../../http/long-requests.ts';
import type { RequestContext } from '../../http/request-context.ts';
import type { Uploads } from '../../shared/uploads/uploads.ts';

/**
 * Runs an operation while its files arrive. Rejects, and aborts the operation, when they cannot be read to their end. Discards what nobody
 * has read when the operation has its result.
 */
export async function runWithFiles<T>(uploads: Uploads, context: RequestContext, run: () => Promise<T>): Promise<T> {
  // the rest of a short body has been read together with its fields
  if (uploads.error) throw uploads.error;
  uploads.abort = () => context.onAbort?.();
  const end = allowLongRequest(context.req);
  try {
    return await Promise.race([run(), uploads.failure]);
  } finally {
    end();
    uploads.close();
  }
}
