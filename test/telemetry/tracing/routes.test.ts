import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folderWith } from '../../composition/folder.ts';
import { tracedWorld } from './traced-world.ts';

it('a persisted document in the path has a route without its id', async () => {
  const dir = await folderWith({ 'manifest.json': '{ "Secret1": "query Name { product { name } }" }' });
  const persisted_queries = { enabled: true, manifest: [join(dir, 'manifest.json')] };
  const { url, collector } = await tracedWorld({}, { config: { persisted_queries } });
  expect(await (await fetch(`${url}/Secret1`)).json()).toEqual({ data: { product: { name: 'Lamp' } } });
  const { root, one } = await collector.trace();
  expect(root).toMatchObject({
    name: 'GET /graphql/:documentId',
    attributes: { 'http.route': '/graphql/:documentId', 'graphql.operation.name': 'Name' },
  });
  expect(root.attributes).not.toHaveProperty('url.path');
  expect(one('persisted document').parentId).toBe(root.spanId);
});
