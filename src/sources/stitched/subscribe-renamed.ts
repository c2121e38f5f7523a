import { buildASTSchema, parse, print } from 'graphql';
import { parseJson, stringifyJson } from '../../shared/exact-json.ts';
import type { Source, SourceRequest, SubscriptionSink } from '../source.ts';
import { type RequestNames, requestNames } from './request-names.ts';
import { readServiceText } from './stitched-source.ts';

export type Subscribe = NonNullable<Source['subscribe']>;

/** The part of a source that subscribes. */
export interface Subscriptions extends Pick<Source, 'subscriptionKey'> {
  readonly subscribe: Subscribe;
}

/** A subscription in the names of the service. */
interface ServiceSubscription {
  /** The body of the request. */
  readonly body: string;
  /** Gives types in the data of an event the names of the graph. */
  readonly restore: ((data: unknown) => void) | undefined;
}

/**
 * Returns the subscriptions of a plain GraphQL service, whose file may rename types and fields: subscriptions are sent in the names of
 * the service, and events get those of the graph.
 * @param sdl the schema file of the service
 */
export function renameSubscriptions(name: string, sdl: string, subscribe: Subscribe): Subscriptions {
  let known: { readonly names: RequestNames | undefined; readonly types: string } | undefined;
  const read = () => {
    known ??= readNames(name, sdl);
    return known;
  };
  return {
    subscribe(request, sink) {
      const { names } = read();
      if (names === undefined) return subscribe(request, sink);
      const { body, restore } = inServiceNames(request, names);
      const sent = { ...request, body, sharedBody: undefined };
      return subscribe(sent, restore === undefined ? sink : restoring(sink, restore));
    },
    subscriptionKey(request) {
      const { names, types } = read();
      return names === undefined ? '' : types + inServiceNames(request, names).body;
    },
  };
}

function inServiceNames({ body }: SourceRequest, names: RequestNames): ServiceSubscription {
  const { query, variables } = parseJson(body) as { query: string; variables?: unknown };
  const { document, restore } = names.toService(parse(query, { noLocation: true }));
  return { body: stringifyJson({ query: print(document), variables }) as string, restore };
}

/** Reads the names of a service: `types` differs for two services that name their types differently. */
function readNames(name: string, sdl: string) {
  const { document, names } = readServiceText(name, sdl);
  const schema = buildASTSchema(document, { assumeValidSDL: true });
  return { names: requestNames(schema, names), types: JSON.stringify([...names.types]) };
}

/** Returns a sink that gets events with the names of the graph. A text that is not JSON stays as it is: the executor reports it. */
function restoring(sink: SubscriptionSink, restore: (data: unknown) => void): SubscriptionSink {
  return {
    next: (text, facts) => sink.next(restored(text, restore), facts),
    error: (failure) => sink.error(failure),
    refuse: (text) => sink.refuse(text),
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
