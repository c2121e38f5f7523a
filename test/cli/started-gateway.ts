import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, vi } from 'vitest';
import type { startCli } from './run-cli.ts';

export const PATIENCE = 120_000;

/** A subgraph that answers everything alike, once `release` says so. */
export async function slowSubgraph(): Promise<{ url: string; asked: Promise<void>; release(): void }> {
  let release = () => {};
  let wasAsked = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const asked = new Promise<void>((resolve) => (wasAsked = resolve));
  const server = createServer(async (request, response) => {
    request.resume();
    wasAsked();
    await released;
    response.setHeader('content-type', 'application/json');
    response.end('{"data":{"hello":"from the subgraph"}}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, asked, release };
}

export const schema = (url: string, fields = 'hello: String') =>
  `extend schema @subgraph(url: "${url}")\ntype Query { ${fields} }`;

export async function urlOf(cli: ReturnType<typeof startCli>): Promise<string> {
  const line = /^Headgate listening on (http:\/\/127\.0\.0\.1:\d+\/graphql)$/m;
  await vi.waitFor(() => expect(cli.output.stdout).toMatch(line), PATIENCE);
  return line.exec(cli.output.stdout)?.[1] ?? '';
}

export async function post(url: string, query: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  return (await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) })).json();
}
