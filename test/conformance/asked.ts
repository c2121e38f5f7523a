import type { RecordedRequest } from '../worlds/world.ts';

/** Names of the subgraphs that were asked, in the order of the requests. */
export function asked(requests: readonly RecordedRequest[]): string[] {
  return requests.map((request) => request.subgraph);
}
