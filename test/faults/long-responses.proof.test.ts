import { expect, test } from 'vitest';
import type { Gateway } from './gateway.ts';
import { gatewayOfLongResponses, ITEM, MIB, PLAIN_ITEM } from './long-responses.ts';

/** Sends a query. Expects data, or a refusal that says why; and that the gateway answers afterwards. */
async function expectAnswerOrRefusal(gateway: Gateway, query: string): Promise<void> {
  const { text } = await gateway.ask(query);
  const { data, errors } = JSON.parse(text);
  if (errors === undefined) expect(data).toBeTruthy();
  else for (const { extensions } of errors) expect(extensions.code).toBe('OVERLOADED');
  await expectAlive(gateway);
}

async function expectAlive(gateway: Gateway): Promise<void> {
  expect((await gateway.ask('{ items(bytes: 300) { id } }')).text).toBe('{"data":{"items":[{"id":"0"}]}}');
  expect(gateway.isAlive()).toBe(true);
}

test('responses of any shape up to the limit: each is answered or refused, and the gateway lives', async () => {
  const gateway = await gatewayOfLongResponses();
  for (const megabytes of [1, 4, 8, 15.9]) {
    const bytes = Math.floor(megabytes * MIB);
    await expectAnswerOrRefusal(gateway, `{ items(bytes: ${bytes}) ${ITEM} }`);
    await expectAnswerOrRefusal(gateway, `{ page(bytes: ${bytes}) { total items ${ITEM} } }`);
    await expectAnswerOrRefusal(gateway, `{ empty(bytes: ${bytes}) { id name } }`);
    await expectAnswerOrRefusal(gateway, `{ nested(bytes: ${bytes}) }`);
    await expectAnswerOrRefusal(gateway, `{ text(bytes: ${Math.floor(bytes * 0.99)}) { id name } }`);
    await expectAnswerOrRefusal(gateway, `{ myBoxes { id items(bytes: ${bytes}) ${PLAIN_ITEM} } }`);
  }
  // a larger one is refused by the limit of the source
  const { text } = await gateway.ask(`{ items(bytes: ${17 * MIB}) ${ITEM} }`);
  expect(JSON.parse(text).errors[0].extensions).toMatchObject({
    code: 'SUBREQUEST_MALFORMED_RESPONSE',
    reason: 'it is larger than 16777216 bytes',
  });
  await expectAlive(gateway);
});

test('twenty responses of 5 MB at once: each is answered or refused, and short queries are answered meanwhile', async () => {
  const gateway = await gatewayOfLongResponses();
  let open = 20;
  const long = Array.from({ length: open }, async (_, at) => {
    await expectAnswerOrRefusal(gateway, `{ items(bytes: ${5 * MIB - at}) ${ITEM} }`);
    open -= 1;
  });
  let answeredMeanwhile = 0;
  while (open > 0) {
    await expectAlive(gateway);
    if (open > 0) answeredMeanwhile += 1;
  }
  await Promise.all(long);
  expect(answeredMeanwhile).toBeGreaterThan(0);
});
