import type { Source } from '../sources/source.ts';
import { copyRequest } from './copy-request.ts';

/**
 * Gives each fetch its deadline: the time that all tries, waits and calls of it have together, and not after that of the
 * whole client request. The layers inside stop at it, and the transport sends what is left of it to the subgraph. They may change the
 * request that they get from here.
 */
export function setDeadline(source: Source, timeoutMs: number): Source {
  return {
    name: source.name,
    send(request, done) {
      // its time begins when the files are sent
      if (request.isOneShot) return source.send(request, done);
      const { deadline = Number.POSITIVE_INFINITY, client } = request;
      const now = performance.now();
      const own = now + timeoutMs;
      const copy = copyRequest(request);
      copy.sentAt = now;
      copy.deadline = Math.min(own, deadline, client.deadline ?? own);
      source.send(copy, done);
    },
    close: () => source.close(),
  };
}
