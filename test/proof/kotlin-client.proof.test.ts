import { join } from 'node:path';
import { expect, test } from 'vitest';
import { engineOver, folderOf, serveBff } from '../bff/support.ts';
import { FEED_FILES, FEED_SDL, feedRoot } from './feed.ts';
import { emptyFolder, runKotlin, saveDocument, startShop } from './support.ts';

/** Generating, compiling and running, with a first download of what that needs. */
const MINUTES = 10 * 60_000;

test('Kotlin reads unions by their discriminator, and answers of which a part is missing', {
  timeout: MINUTES,
}, async () => {
  const engine = engineOver(FEED_SDL, feedRoot);
  const { origin } = await serveBff({ dir: folderOf(FEED_FILES), engine: () => engine });
  const document = join(emptyFolder(), 'openapi.json');
  await saveDocument(origin, '/bff/app/openapi.json', document);
  expect(await runKotlin('feed', document, [origin])).toEqual([
    'post Hello by Ada, likes null',
    'event Picnic at 2026-05-01T12:00Z',
    'failed [feed, 0, likes] SUBREQUEST_HTTP_ERROR',
    'grid {"grid":[[1,2],[3]]}',
    'published e1',
    'gone true',
  ]);
});

test('Kotlin calls each endpoint of the demo', { timeout: MINUTES }, async () => {
  const origin = await startShop();
  const document = join(emptyFolder(), 'openapi.json');
  await saveDocument(origin, '/bff/openapi.json', document);
  expect(await runKotlin('demo', document, [origin, 'whole'])).toEqual([
    'mobile dashboard Ines Kowalski 2 []',
    expect.stringMatching(/^mobile product p7 €\d+\.\d\d$/),
    'web dashboard Ines Kowalski 2 []',
    'web product true',
    'web orders 1',
    'order PENDING',
  ]);
});

test('Kotlin reads the demo’s dashboards while a service is down', { timeout: MINUTES }, async () => {
  const origin = await startShop(['orders', 'inventory']);
  const document = join(emptyFolder(), 'openapi.json');
  await saveDocument(origin, '/bff/openapi.json', document);
  expect(await runKotlin('demo', document, [origin, 'partial'])).toEqual([
    'mobile dashboard Ines Kowalski null [recent]',
    expect.stringMatching(/^mobile product p7/),
    'web dashboard Ines Kowalski null [orders]',
    'web product true',
  ]);
});
