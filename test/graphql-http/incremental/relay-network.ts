import type { GraphQLSingularResponse } from 'relay-runtime';

// biome-ignore lint/suspicious/noExplicitAny: what a server sends
type Json = any;

/** Returns the responses that Relay reads in place of one part, one after the other. */
export function relayResponses({ incremental, hasNext, ...first }: Json): GraphQLSingularResponse[] {
  const responses = incremental?.flatMap(responsesOf) ?? [first];
  return responses.map((response: Json, i: number) => {
    const isFinal = !hasNext && i === responses.length - 1;
    return { ...response, extensions: { ...response.extensions, is_final: isFinal } };
  });
}

function responsesOf({ items, ...rest }: Json): Json[] {
  if (!items) return [{ data: null, ...rest }];
  const index = rest.path.at(-1);
  return items.map((data: Json, i: number) => ({ ...rest, data, path: [...rest.path.slice(0, -1), index + i] }));
}
