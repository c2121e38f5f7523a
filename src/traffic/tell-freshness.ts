import type { Source } from '../sources/source.ts';

/** Tells each client request how long the answers hold that it gets. To be the outermost layer round a source. */
export function tellFreshness(source: Source): Source {
  return {
    name: source.name,
    send(request, done) {
      const { freshness } = request.client;
      if (freshness === undefined) return source.send(request, done);
      source.send(request, (answer) => {
        if (answer.kind === 'text') freshness.hear(answer.freshness);
        done(answer);
      });
    },
    close: () => source.close(),
  };
}
