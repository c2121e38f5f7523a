import { buildASTSchema, parse, print } from 'graphql';
import { parseJson, stringifyJson } from '../../shared/exact-json.ts';
import type { Source, SubscriptionSink } from '../source.ts';
import { type RequestNames, requestNames } from './request-names.ts';
import { readServiceText } from './stitched-source.ts';

export type Subscribe = NonNullable<Source['subscribe']>;

/**
 * Returns the subscriptions of a plain GraphQL service, whose file may rename types and fields: subscriptions are sent in the names of
 * the service, and events get those of the graph.
 * @param sdl the schema file of the service
 */
export function subscribeRenamed(name: string, sdl: string, subscribe: Subscribe): Subscribe {
  let known: { readonly names: RequestNames | undefined } | undefined;
  return (request, sink) => {
    known ??= { names: namesOf(name, sdl) };
    const { names } = known;
    if (names === undefined) return subscribe(request, sink);
    const { query, variables } = parseJson(request.body) as { query: string; variables?: unknown };
    const { document, restore } = names.toService(parse(query, { noLocation: true }));
    const body = stringifyJson({ query: print(document), variables });
    const sent = { ...request, body, sharedBody: undefined };
    return subscribe(sent, restore === undefined ? sink : restoring(sink, restore));
  };
}

function namesOf(name: string, sdl: string): RequestNames | undefined {
  const service = readServiceText(name, sdl);
  return requestNames(buildASTSchema(service.document, { assumeValidSDL: true }), service.names);
}

/** Returns a sink that gets events with the names of the graph. A text that is not JSON stays as it is: the executor reports it. */
function restoring(sink: SubscriptionSink, restore: (data: unknown) => void): SubscriptionSink {
  return {
    next: (text) => sink.next(restored(text, restore)),
    error: (failure) => sink.error(failure),
    complete: () => sink.complete(),
  };
}

function restored(text: string, restore: (data: unknown) => void): string {
  try {
    const result = parseJson(text);
    restore((result as { readonly data?: unknown } | null)?.data);
    return stringifyJson(result) ?? text;
  } catch {
    return text;
  }
}
