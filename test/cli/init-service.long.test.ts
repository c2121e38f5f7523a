import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { deadUrl } from '../sources/fake-subgraph.ts';
import { stubSubgraph } from '../sources/stitched/gateway.ts';
import { stubService } from '../sources/stitched/stub-service.ts';
import { project, runCli } from './run-cli.ts';

const SDL = `
  schema { query: Root mutation: Change }
  directive @own(reason: String = "none") on FIELD_DEFINITION
  scalar Time @specifiedBy(url: "https://example.com/time")
  type Root {
    "One, or null."
    invoice(id: ID!): Invoice
    invoicesByIds(ids: [ID!]!, archived: Boolean = false): [Invoice]!
    customer(customerId: ID!): Customer
    customerByMail(mail: String!): Customer
    invoices(status: Status = OPEN): [Invoice!]!
    search(text: String!): [Found!]!
    version: String @deprecated(reason: "no \\"longer\\"")
  }
  type Change { pay(id: ID!, input: Payment!): Invoice }
  input Payment { amount: Int! = 1 at: Time }
  enum Status { OPEN PAID @deprecated }
  interface Dated { at: Time }
  type Invoice implements Dated { id: ID! at: Time status: Status! customer: Customer }
  type Customer { id: ID! mail: String! }
  union Found = Invoice | Customer`;

describe('headgate init service', () => {
  test('keeps @oneOf on input types', async () => {
    const service = await stubService(
      'type Query { user(by: UserBy!): String } input UserBy @oneOf { id: ID mail: String }',
      {},
    );
    const dir = await project();
    const run = await runCli(dir, ['init', 'service', '--url', service.url, '--name', 'users']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(dir, 'schemas/users.graphql'), 'utf8')).toContain('input UserBy @oneOf {');
    expect(await runCli(dir, ['validate'])).toMatchObject({ code: 0 });
  });

  test('writes what introspection tells, with look-ups marked, in a form that composes', async () => {
    const service = await stubService(SDL, {});
    const dir = await project();
    const run = await runCli(dir, ['init', 'service', '--url', service.url, '--name', 'billing']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toBe(`wrote schemas/billing.graphql
  look-up  invoice → Invoice @merge(keyField: "id", public: true)
  look-up  invoicesByIds → Invoice @merge(keyField: "id", keyArg: "ids", public: true)
  look-up  customer → Customer @merge(keyField: "id", public: true)
  perhaps  customerByMail → Customer @merge(keyField: "mail", public: true)

Next: check the look-ups, then run \`headgate validate\`.
`);
    const file = readFileSync(join(dir, 'schemas/billing.graphql'), 'utf8');
    expect(file).toContain(`extend schema @service(url: "\${BILLING_URL:-${service.url}}")`);
    expect(file.slice(file.indexOf('type Root'), file.indexOf('type Invoice'))).toMatchInlineSnapshot(`
      "type Root {
        """One, or null."""
        invoice(id: ID!): Invoice @merge(keyField: "id", public: true)
        invoicesByIds(ids: [ID!]!, archived: Boolean = false): [Invoice]! @merge(keyField: "id", keyArg: "ids", public: true)
        customer(customerId: ID!): Customer @merge(keyField: "id", public: true)
        # If this is a look-up by a key: @merge(keyField: "mail", public: true)
        customerByMail(mail: String!): Customer
        invoices(status: Status = OPEN): [Invoice!]!
        search(text: String!): [Found!]!
        version: String @deprecated(reason: "no \\"longer\\"")
      }

      type Change {
        pay(id: ID!, input: Payment!): Invoice
      }

      input Payment {
        amount: Int! = 1
        at: Time
      }

      enum Status {
        OPEN
        PAID @deprecated
      }

      interface Dated {
        at: Time
      }

      "
    `);
    const validated = await runCli(dir, ['validate']);
    expect(validated).toMatchObject({ code: 0 });
    expect(validated.stdout).toContain('schemas: good (billing)');

    const again = await runCli(dir, ['init', 'service', '--url', service.url, '--name', 'billing']);
    expect(again).toMatchObject({
      code: 2,
      stderr: 'error: schemas/billing.graphql exists already. Write to another with --out FILE.\n',
    });
  });

  test('headers are sent, for services that do not tell everybody', async () => {
    const service = await stubService(SDL, {});
    service.answer = ({ headers }) =>
      headers.authorization === 'Bearer x' ? undefined : { errors: [{ message: 'who are you?' }] };
    const dir = await project();
    const args = ['init', 'service', '--url', service.url, '--out', 'x.graphql'];
    const refused = await runCli(dir, args);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`${service.url}: introspection failed: who are you?`);
    service.answer = undefined;
    expect(await runCli(dir, [...args, '--header', 'Authorization: Bearer x'])).toMatchObject({ code: 0, stderr: '' });
    expect(service.requests.at(-1)?.headers.authorization).toBe('Bearer x');
  });

  test('a service that cannot be asked', async () => {
    const dir = await project();
    const dead = await deadUrl();
    const web = await stubService(SDL, {});
    web.answer = () => '<html>';
    const subgraph = await stubSubgraph('type Query { a: A } type A @key(fields: "id") { id: ID! }', {
      entities: { A: () => null },
    });
    const said = await Promise.all(
      [dead, web.url, subgraph.url, 'ftp://x'].map(
        async (url) => (await runCli(dir, ['init', 'service', '--url', url])).stderr,
      ),
    );
    expect(said).toEqual([
      `error: ${dead} does not respond: ECONNREFUSED\n`,
      `error: ${web.url} responded with status 200, and not with a GraphQL result.\n`,
      expect.stringContaining('is a federation subgraph, not a plain service'),
      'error: --url: "ftp://x" is not an http:// or https:// URL\n',
    ]);
  });
});
