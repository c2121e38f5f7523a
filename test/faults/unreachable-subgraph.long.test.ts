import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { namedSubgraph, startGateway } from '../cli/running-gateway.ts';
import { deadUrl } from '../sources/fake-subgraph.ts';

it.each([1, 2])(
  'headgate start with a subgraph that cannot be reached serves the rest, --workers %i',
  async (workers) => {
    const dead = await deadUrl();
    const { url } = await namedSubgraph('a');
    const gateway = await startGateway(workers, {
      'schemas/a.graphql': `extend schema @subgraph(url: "${url}")\ntype Query { hello: String }`,
      'schemas/b.graphql': `extend schema @subgraph(url: "${dead}")\ntype Query { other: String }`,
    });
    expect((await fetch(gateway.url.replace('/graphql', '/ready'))).status).toBe(200);
    expect(await gateway.ask('{ hello }')).toEqual({ data: { hello: 'a' } });
    expect(await gateway.ask('{ hello other }')).toMatchObject({
      data: { hello: 'a', other: null },
      errors: [{ path: ['other'], extensions: { code: 'SUBREQUEST_HTTP_ERROR', service: 'b' } }],
    });

    // once the subgraph is there, it is used, without a restart
    const late = createServer((request, response) => {
      request.resume().on('end', () => {
        response.setHeader('content-type', 'application/json').end('{"data":{"other":"late"}}');
      });
    });
    await new Promise<void>((resolve) => late.listen(Number(new URL(dead).port), '127.0.0.1', resolve));
    try {
      expect(await gateway.ask('{ hello other }')).toEqual({ data: { hello: 'a', other: 'late' } });
    } finally {
      late.closeAllConnections();
      late.close();
    }
  },
);
