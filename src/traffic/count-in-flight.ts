import type { Source } from '../sources/source.ts';
import type { Endpoint } from './endpoint.ts';

/** Counts the requests of a source that have no response yet. `closed` is called when the source is closed. */
export function countInFlight(source: Source, endpoint: Endpoint, closed: () => void): Source {
  return {
    name: source.name,
    send(request, done) {
      endpoint.inFlight++;
      source.send(request, (response) => {
        endpoint.inFlight--;
        done(response);
      });
    },
    close() {
      closed();
      return source.close();
    },
  };
}
