import { expect, test } from 'vitest';
import { Secrets } from '../secrets.ts';
import { project, startCli } from './run-cli.ts';

test('headgate compose prints the names of variables in connectors, and not their values', async () => {
  const secrets = new Secrets();
  const header = (name: string, text: string) => `{ name: "${name}", value: "${text}" }`;
  const headers = [header('x-token', `\${API_TOKEN}`), header('x-other', '{$env.API_TOKEN}')].join(', ');
  const dir = await project({
    'schemas/offers.graphql': `extend schema @source(name: "api", http: { baseURL: "http://127.0.0.1:1", headers: [${headers}] })
type Query { offer: Offer @connect(source: "api", http: { GET: "/offers" }, selection: "title") }
type Offer { title: String }`,
  });
  const env = { API_TOKEN: secrets.create('API_TOKEN') };
  const { code, stdout, stderr } = await startCli(dir, ['compose'], '', [], env).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain(`\${API_TOKEN}`);
  expect(secrets.leaksIn(stdout)).toEqual([]);
});
