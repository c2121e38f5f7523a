import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { answerQuery } from '../../bench/stub/answer.ts';
import { project, startCli } from './run-cli.ts';

const PATIENCE = 120_000;

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
const QUERY = fixture('benchmark-query.graphql');

/** The four subgraphs of the benchmark, on one port. */
async function subgraphs(): Promise<number> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { query, variables } = JSON.parse(body);
    response.setHeader('content-type', 'application/json');
    response.end(answerQuery(query, variables, request.url?.slice(1)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function answerOf(dir: string, nodeFlags: readonly string[]): Promise<string> {
  const cli = startCli(dir, ['start', '--supergraph', 'supergraph.graphql', '--port', '0'], '', nodeFlags);
  const line = /^Headgate listening on (\S+)$/m;
  await vi.waitFor(() => expect(cli.output.stdout).toMatch(line), PATIENCE);
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ query: QUERY });
  let text = '';
  // functions are generated for what is written often only
  for (let i = 0; i < 60; i++) {
    const response = await fetch(line.exec(cli.output.stdout)?.[1] ?? '', { method: 'POST', headers, body });
    text = await response.text();
  }
  cli.kill('SIGTERM');
  const { code, stdout } = await cli.ended;
  expect({ code, forbidden: stdout.includes('no code from strings') }).toEqual({
    code: 0,
    forbidden: nodeFlags.length > 0,
  });
  return text;
}

/** Says so when the process really may not. */
const TRIAL = 'data:text/javascript,try{new Function("")}catch{console.log("no code from strings")}';

test('a process that may not generate code answers the same, byte for byte', async () => {
  const port = await subgraphs();
  const supergraph = fixture('benchmark-supergraph.graphql').replaceAll(':4200/', `:${port}/`);
  const dir = await project({ 'supergraph.graphql': supergraph });
  const hardened = await answerOf(dir, ['--disallow-code-generation-from-strings', '--import', TRIAL]);
  expect(JSON.parse(hardened)).toEqual(JSON.parse(answerQuery(QUERY)));
  expect(hardened).toBe(await answerOf(dir, []));
});
