import { describe, expect, it } from 'vitest';
import type { Source, SourceRequest, SubgraphResponse } from '../../src/sources/source.ts';
import { mirrorReads } from '../../src/traffic/mirror-reads.ts';
import { heldSource, text } from './held-source.ts';

const answer = (body: string): SubgraphResponse => ({ kind: 'text', text: body, status: 200 });

/** A source that answers each request with one of these responses. */
function answering(response: SubgraphResponse): Source & { readonly received: SourceRequest[] } {
  const received: SourceRequest[] = [];
  return {
    ...{ name: 'stock', received, close: async () => {} },
    send(request, done) {
      received.push(request);
      done(response);
    },
  };
}

const request = (more: Partial<SourceRequest> = {}): SourceRequest => ({
  body: '{"query":"{ a }"}',
  operationType: 'query',
  client: { requestId: 'r', headers: {} },
  ...more,
});

describe('mirrored reads', () => {
  it.each<[string, SubgraphResponse, SubgraphResponse, string]>([
    ['the same text', answer('{"data":{"a":1}}'), answer('{"data":{"a":1}}'), 'same'],
    [
      'the same data in another order',
      answer('{"data":{"a":1,"b":2}}'),
      answer('{"data":{"b":2,"a":1},"extensions":{}}'),
      'same',
    ],
    ['other data', answer('{"data":{"a":1}}'), answer('{"data":{"a":2}}'), 'different'],
    ['errors', answer('{"data":{"a":1}}'), answer('{"data":{"a":1},"errors":[{"message":"oh"}]}'), 'different'],
    ['garbage', answer('{"data":{"a":1}}'), answer('<html>'), 'different'],
    [
      'no response',
      answer('{"data":{"a":1}}'),
      { kind: 'failure', failure: { code: 'SUBREQUEST_TIMEOUT', message: 'late' } },
      'failed',
    ],
    ['a long text', answer('{"data":{"a":1}}'), answer(`{"data":{"a":"${'x'.repeat(70_000)}"}}`), 'not_compared'],
  ])('%s', (_, one, other, expected) => {
    const results: string[] = [];
    const mirror = answering(other);
    const source = mirrorReads(answering(one), { mirror, share: 1, mirrored: (_name, result) => results.push(result) });
    const responses: SubgraphResponse[] = [];
    source.send(request(), (response) => responses.push(response));
    expect([responses, results, mirror.received.length]).toEqual([[one], [expected], 1]);
  });

  it('are a share of the reads, and no mutation', () => {
    const points = [0.1, 0.3, 0.29];
    const mirror = answering(answer('{}'));
    const source = mirrorReads(answering(answer('{}')), { mirror, share: 0.3, random: () => points.shift() ?? 0 });
    for (let i = 0; i < 3; i++) source.send(request(), () => {});
    source.send(request({ operationType: 'mutation' }), () => {});
    expect(mirror.received.map(({ operationType }) => operationType)).toEqual(['query', 'query']);
  });

  it('of a mirror that hangs are limited, and end with the source', async () => {
    const { source: hung, calls } = heldSource();
    const results: string[] = [];
    const options = { mirror: hung, share: 1, mirrored: (_name: string, result: string) => results.push(result) };
    const source = mirrorReads(answering(answer('{"data":{}}')), options);
    let answered = 0;
    for (let i = 0; i < 130; i++) source.send(request(), () => answered++);
    expect([answered, calls.length, results.length]).toEqual([130, 100, 30]);
    calls[0]?.done(text('1'));
    await source.close();
    expect(new Set(results)).toEqual(new Set(['skipped', 'different']));
  });
});
