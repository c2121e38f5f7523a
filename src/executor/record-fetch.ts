import type { RequestRecord } from '../shared/request-record.ts';
import type { SubgraphResponse } from '../sources/source.ts';

/** Records a fetch that begins, where there is a record. Returns a callback for its response, which records how it ended and calls `receive`. */
export function recordFetch(
  record: RequestRecord | undefined,
  subgraph: string,
  receive: (response: SubgraphResponse) => void,
): (response: SubgraphResponse) => void {
  if (record === undefined) return receive;
  const end = record.beginFetch(subgraph);
  return (response) => {
    end(response.kind === 'failure' ? response.failure : { status: response.status, code: response.failed?.code });
    receive(response);
  };
}
