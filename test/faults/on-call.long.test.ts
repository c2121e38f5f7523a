import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PROGRAMS } from '../programs.ts';
import { fakeSubgraph } from '../sources/fake-subgraph.ts';
import { commandsLeft, onCall } from './on-call.ts';

/** What the engineer finds in the first minute, whatever the fault is: commands of "The first minute". */
const BROKEN = 0;
const CODES = 1;
const WARNINGS = 2;

const FRONT = 'query Front { products { name } }';
const DETAIL = 'query Detail { products { id name summary inStock } }';

const canRun = PROGRAMS.bash && PROGRAMS.curl && PROGRAMS.jq;

describe.skipIf(!canRun)('ten faults, each found with the commands of docs/runbook.md', () => {
  test('a slow field', async () => {
    const { ask, shop, finds, run, write } = await onCall();
    shop.summary = () => new Promise((resolve) => setTimeout(resolve, 1_500, 'good'));
    await Promise.all([ask(FRONT), ask(DETAIL), ask('query Stock { products { inStock } }')]);
    const slowest = await finds('HeadgateSlow', 0, 'Detail');
    expect(slowest).toMatch(/^Detail: slowest \d+(\.\d+)? ms, 1 requests\n/);
    expect(await run('HeadgateSlow', 1, { OPERATION: 'Detail' })).toMatch(/^reviews: slowest fetch/);
    write('operation.graphql', DETAIL);
    const explained = await run('HeadgateSlow', 2);
    expect(explained).toMatch(/ reviews: .*\n.*on Product\{summary\}/);
    // without the field, it is fast: the slow field is found
    write('operation.graphql', DETAIL.replace('summary', ''));
    expect(await run('HeadgateSlow', 2)).not.toContain('reviews');
  });

  test('a key set that cannot be fetched, and is too old', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k' }] });
    let isDown = false;
    const issuer = await fakeSubgraph((_, res) => void (isDown ? res.writeHead(503).end() : res.end(keys)));
    const { ask, finds, run } = await onCall(
      `authentication: { router: { jwt: { jwks: [{ url: "${issuer.url}", poll_interval: 100ms, max_age: 500ms }] } } }`,
    );
    const jwt = new SignJWT({ sub: 'ada' }).setProtectedHeader({ alg: 'ES256', kid: 'k' }).setExpirationTime('1h');
    const token = { authorization: `Bearer ${await jwt.sign(privateKey)}` };
    await expect.poll(async () => (await ask(FRONT, token)).status).toBe(200);
    isDown = true;
    await expect.poll(async () => (await ask(FRONT, token)).status).toBe(503);
    await finds('The first minute', BROKEN, `headgate_key_set_usable{key_set="${issuer.url}"} 0`);
    await finds('HeadgateErrorRate', 0, /^ *\d+ 503 \S+/);
    await finds('HeadgateAuthenticationFailures', 0, `the key set at ${issuer.url} could not be fetched`);
    const found = await finds('HeadgateKeySetUnusable', 0, 'status 503 instead of 200');
    expect(found).toContain(`headgate_key_set_up{key_set="${issuer.url}"} 0`);
    expect(found).toContain('tokens cannot be checked until it can');
    expect(await run('HeadgateKeySetUnusable', 1, { KEY_SET: issuer.url })).toBe('503\n');
    isDown = false;
    await expect.poll(async () => (await ask(FRONT, token)).status).toBe(200);
    await finds('HeadgateKeySetUnusable', 0, 'a key set could be fetched again');
    expect(await run('HeadgateKeySetUnusable', 0)).toContain(`headgate_key_set_usable{key_set="${issuer.url}"} 1`);
  });

  test('a subgraph that fails for one entity', async () => {
    const { ask, shop, finds, run, write } = await onCall();
    shop.stock = (id) => {
      if (id === 'p2') throw new Error('no shelf for this lamp');
      return 7;
    };
    await Promise.all([ask(FRONT), ask(DETAIL)]);
    const found = await finds('HeadgateSubgraphGraphqlErrors', 0, 'stock: ');
    expect(found).toContain('headgate_subgraph_graphql_errors_total{subgraph="stock",code="none"} 1');
    expect(found).toContain('in Detail');
    write('operation.graphql', DETAIL);
    const explained = await run('HeadgateSubgraphGraphqlErrors', 1);
    expect(explained).toContain('products[1].inStock is null:');
    expect(explained).toContain('to "stock" returned an error at _entities.1.inStock: no shelf for this lamp');
    expect(JSON.parse(await run('HeadgateSubgraphGraphqlErrors', 2))).toMatchObject({ id: 'p2', inStock: null });
    expect(await run('One operation, one request')).toContain('request on-call');
  });

  test('a policy that drops a field', async () => {
    const secret = 'another secret of thirty-two characters';
    const { ask, finds, run, write } = await onCall(
      `authentication: { router: { jwt: { jwks: [{ secret: "${secret}" }] } } }`,
    );
    const tokenOf = (scope: string) =>
      new SignJWT({ sub: 'ada', scope })
        .setProtectedHeader({ alg: 'HS256' })
        .setExpirationTime('1h')
        .sign(Buffer.from(secret));
    const query = 'query Margins { products { name margin } }';
    const client = { 'apollographql-client-name': 'back-office' };
    await ask(query, { ...client, authorization: `Bearer ${await tokenOf('read:products')}` });
    await finds('The first minute', CODES, 'UNAUTHORIZED_FIELD_OR_TYPE Margins');
    const found = await finds('A field is null for some users', 0, '1 Margins of back-office');
    expect(found).toContain('{policy="authorization",reason="field",mode="enforce"} 1');
    write('operation.graphql', query);
    const explained = await run('A field is null for some users', 1, { USER_TOKEN: await tokenOf('read:products') });
    expect(explained).toContain('A policy dropped Product.margin');
    expect(explained).toContain('policy: products.margin was dropped');
    expect(explained).toContain('It needs @requiresScopes: read:margin\n');
    const allowed = await run('A field is null for some users', 1, { USER_TOKEN: await tokenOf('read:margin') });
    expect(allowed).toContain('No null has another cause');
  });

  test('an open circuit breaker', async () => {
    const { ask, subgraphs, finds, run } = await onCall(
      'traffic_shaping: { all: { circuit_breaker: { volume_threshold: 4, reset_timeout: 1h } } }',
    );
    subgraphs.stock.isBroken = true;
    for (let i = 0; i < 6; i++) await ask(`query Shelf { products { inStock${i}: inStock } }`);
    await finds('The first minute', BROKEN, `headgate_subgraph_circuit_state{subgraph="stock"`);
    await finds('The first minute', CODES, 'SUBGRAPH_CIRCUIT_BREAKER_REJECTED Shelf');
    await finds('The first minute', WARNINGS, 'stock circuit breaker open; requests are rejected');
    await finds('HeadgateOperationErrors', 0, '4 SUBREQUEST_HTTP_ERROR', { OPERATION: 'Shelf' });
    await finds('HeadgateSubgraphErrors', 0, /stock subgraph failing SUBREQUEST_HTTP_ERROR .*503/);
    const found = await finds('HeadgateCircuitOpen', 0, 'circuit breaker open');
    expect(found).toContain(`stock ${subgraphs.stock.url} tripped by hand: false`);
    subgraphs.stock.isBroken = false;
    await run('HeadgateCircuitOpen', 1, { SUBGRAPH: 'stock', URL: subgraphs.stock.url });
    expect((await ask('{ products { inStock } }')).json).not.toHaveProperty('errors');
    await finds('HeadgateCircuitOpen', 0, 'circuit breaker closed');
    expect(await run('The first minute', BROKEN)).toBe('');
  });

  test('a cached response of an endpoint that is older than its data', async () => {
    const { shop, origin, finds, run } = await onCall('bff: { purge_token: "a token to purge with" }');
    const endpoint = `${origin}/bff/web/names`;
    await fetch(endpoint);
    shop.name = 'lantern';
    const env = { ENDPOINT: endpoint };
    const found = await finds('Old data', 0, 'cache-status: headgate; hit', env);
    expect(found).toMatch(/<.*"name": "lamp p1"/);
    expect(found).toMatch(/>.*"name": "lantern p1"/);
    const purge = { TAG: 'web/names', PURGE_TOKEN: 'a token to purge with' };
    expect(await run('Old data', 1, purge)).toContain('purged 1 response');
    const after = await run('Old data', 0, env);
    expect(after).toContain('the same');
    expect(after).not.toContain('headgate; hit');
  });

  test('a client that sends too many requests', async () => {
    const { ask, finds, run } = await onCall(
      'trusted_proxies: { addresses: ["127.0.0.1"] }\nrate_limits: { requests: [{ name: per-address, limit: 10, window: 1h, by: [ip] }] }',
    );
    const from = (ip: string, name: string) => ({ 'x-forwarded-for': ip, 'apollographql-client-name': name });
    for (let i = 0; i < 30; i++) await ask(FRONT, from('203.0.113.9', 'crawler'));
    for (let i = 0; i < 5; i++) await ask(FRONT, from(`198.51.100.${i}`, 'web'));
    const found = await finds('HeadgateRateLimitShare', 0, '20 203.0.113.9 crawler');
    expect(found).toMatch(/\{policy="rate_limits.requests",reason="per-address",mode="enforce"\} 20/);
    expect(found).not.toContain('198.51.100');
    expect(await run('HeadgateRateLimitShare', 1)).toMatch(/^ *30 203\.0\.113\.9 crawler/);
  });

  test('a schema that cannot be loaded', async () => {
    const { dir, write, finds, ask, run } = await onCall();
    const file = join(dir, 'schemas/reviews.graphql');
    const good = readFileSync(file, 'utf8');
    writeFileSync(file, good.replace('key(fields: "id")', 'key(fields: "sku")'));
    await finds('The first minute', BROKEN, 'headgate_schema_good 0');
    const found = await finds('HeadgateReloadFailed', 0, /schemas\/reviews\.graphql:\d+/);
    expect(found).toContain('headgate_schema_reloads_total{result="bad"} 1');
    expect(await run('HeadgateReloadFailed', 1)).toMatch(/schemas\/reviews\.graphql:\d+.*sku/);
    expect((await ask(DETAIL)).json).not.toHaveProperty('errors');
    write('schemas/reviews.graphql', good);
    await finds('HeadgateReloadFailed', 0, 'headgate_schema_good 1');
  });

  test('memory that climbs: large bodies of one operation, which a client does not read', async () => {
    const { ask, finds, run, url } = await onCall('limits: { max_buffered_bytes: 32MiB }');
    const reports = { 'apollographql-client-name': 'reports' };
    for (let i = 0; i < 3; i++) await ask('query Export { export }', reports);
    for (let i = 0; i < 9; i++) await ask(FRONT, { 'apollographql-client-name': 'web' });
    const { port } = new URL(url);
    const head = (body: string) =>
      `POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
    for (let i = 0; i < 8; i++) {
      const body = JSON.stringify({ query: `query Export { export${i}: export }` });
      const socket = connect(Number(port), '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      socket.on('error', () => {}).pause();
      socket.write(head(body) + body);
    }
    await finds('HeadgateMemoryClimbs', 0, /^headgate_buffered_bytes \d{7,}$/m);
    await finds('HeadgateMemoryClimbs', 0, 'reason="max_buffered_bytes",mode="enforce"}');
    const found = await finds('HeadgateMemoryClimbs', 1, 'Export of reports');
    expect(found).toMatch(/^Export of reports: 36\d{6} bytes\n/);
    await finds('The first minute', WARNINGS, 'no memory for large bodies, which are refused');
    expect(await run('HeadgateMemoryClimbs', 0)).toMatch(/^nodejs_heap_size_used_bytes \d+/m);
  });

  test('a section of an endpoint that is never ready in time', async () => {
    const { shop, origin, finds, run } = await onCall();
    shop.summary = () => new Promise(() => {});
    const endpoint = `${origin}/bff/web/front`;
    expect(await (await fetch(endpoint)).json()).toMatchObject({ reviews: null });
    await finds('The first minute', CODES, 'SECTION_TIMEOUT web/front');
    const found = await finds('A section of an endpoint is always empty', 0, '1 web/front');
    expect(found).toContain('headgate_graphql_errors_total{route="bff",code="SECTION_TIMEOUT"} 1');
    const explained = await run('A section of an endpoint is always empty', 1, { ENDPOINT: endpoint });
    expect(explained).toContain('The section reviews was not ready within 200 ms.');
    expect(explained).toMatch(/ reviews: .*\n.*summary/);
  });

  test('no command of the runbook is left: each is for one of these faults', () => {
    expect(commandsLeft()).toEqual([]);
  });
});
