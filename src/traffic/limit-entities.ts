import type { Source } from '../sources/source.ts';

/**
 * Sets the most entities of one request. The executor sends several smaller requests in place of a larger one, and
 * each of them passes all layers inside this one. It does so before it writes the request, because it alone knows where the entities of
 * a part belong: so each part has its own errors, and one that fails costs only its entities.
 */
export function limitEntities(source: Source, maxEntities: number): Source {
  return {
    name: source.name,
    maxEntities,
    send: (request, done) => source.send(request, done),
    close: () => source.close(),
  };
}
