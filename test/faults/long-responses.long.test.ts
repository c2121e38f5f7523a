import { expect, test } from 'vitest';
import { gatewayOfLongResponses, ITEM, MIB, PLAIN_ITEM } from './long-responses.ts';

test('a long response of a REST API is answered with a heap of 256 MB, and the gateway lives', async () => {
  const gateway = await gatewayOfLongResponses();
  const { text } = await gateway.ask(`{ items(bytes: ${14 * MIB}) ${ITEM} }`);
  const { data, errors } = JSON.parse(text);
  expect(errors).toBeUndefined();
  expect(data.items.length).toBeGreaterThan(50_000);
  expect(data.items[50_000]).toEqual({
    id: '50000',
    name: 'item number 50000',
    price: 50_000.25,
    stock: 0,
    size: { width: 6, height: 5, unit: 'cm' },
    tags: ['new', 'blue', 'tag 2'],
    offers: [{ seller: { id: 's3', name: 'Somebody' }, price: 9.5 }],
  });
  expect(JSON.parse((await gateway.ask('{ items(bytes: 300) { id } }')).text)).toEqual({
    data: { items: [{ id: '0' }] },
  });
  expect(gateway.isAlive()).toBe(true);
});

test('a long response of a plain GraphQL service, to a look-up', async () => {
  const gateway = await gatewayOfLongResponses();
  const { text } = await gateway.ask(`{ myBoxes { id items(bytes: ${14 * MIB}) ${PLAIN_ITEM} } }`);
  const { data, errors } = JSON.parse(text);
  expect(errors).toBeUndefined();
  expect(data.myBoxes[0].items[50_000]).toMatchObject({
    id: '50000',
    full_name: 'item number 50000',
    price: 50_000.25,
  });
  expect(gateway.isAlive()).toBe(true);
});
