import { writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { folderOf } from '../bff/support.ts';
import { folderWith } from '../composition/folder.ts';
import { stubApi } from '../sources/rest/stub-api.ts';
import { type Answer, type Sent, startWithClients } from './two-principals.ts';

/** A query field, and the mutation field that its mutation endpoint calls, whose sources read the same. */
export const FIELDS = {
  me: 'order',
  chosen: 'choose',
  who: 'tell',
  secret: 'secretOrder',
  vip: 'vipOrder',
  plain: 'plainOrder',
} as const;
export type Field = keyof typeof FIELDS;

const kept = (scope: string) => `@endpoint(cache: {maxAge: "1m"${scope}})`;

/** Four endpoints for each query field, one for each mutation field. */
function endpoints(): Record<string, string> {
  const files: Record<string, string> = {};
  for (const [field, mutation] of Object.entries(FIELDS)) {
    files[`web/${field}-unsaid.graphql`] = `query ${kept('')} { ${field} }`;
    files[`web/${field}-private.graphql`] = `query ${kept(', scope: PRIVATE')} { ${field} }`;
    files[`web/${field}-unkept.graphql`] = `{ ${field} }`;
    files[`web/${field}-order.graphql`] = `mutation @endpoint(path: "/${field}/orders") { ${mutation} }`;
  }
  files['web/plain-public.graphql'] = `query ${kept(', scope: PUBLIC')} { plain }`;
  files['web/language.graphql'] =
    `query ($to: String @from(header: "accept-language")) ${kept(', scope: PUBLIC')} { greeting(to: $to) }`;
  files['web/language-unkept.graphql'] =
    'query ($to: String @from(header: "accept-language")) @endpoint(path: "/language/unkept") { greeting(to: $to) }';
  files['web/claim.graphql'] = `query ($to: String @from(claim: "sub")) ${kept('')} { greeting(to: $to) }`;
  files['web/shaped.graphql'] = '{ plain }';
  files['web/shaped.ts'] = "export default (_, { headers }) => ({ for: headers['x-page'] ?? 'none' });";
  files['web/varied.graphql'] = 'query @endpoint(cache: {maxAge: "1m", scope: PUBLIC, vary: ["X-Page"]}) { plain }';
  files['web/varied.ts'] = files['web/shaped.ts'];
  return files;
}

const MODULE = `export default (names, { headers, ip }) => (headers['x-door'] === 'open' ? names : []);`;

export interface Everything {
  /** How often sources were called. */
  calls(): number;
  /** From now on sources respond only when `release` is called. */
  hold(): void;
  release(): void;
  send(path: string, sent: Sent, body?: object): Promise<Answer>;
}

/**
 * A gateway with header rules, labels, policies and a connector, in front of sources that respond with what they are sent.
 * @param variant the rule of a variant of the subgraph `facts`
 */
export async function twoOfEverything(
  rules: readonly object[],
  config: object = {},
  variant?: object,
): Promise<Everything> {
  let held: (() => void)[] | undefined;
  let calls = 0;
  const source = (respond: (headers: IncomingHttpHeaders, body: string) => object) =>
    stubApi(({ headers, body }) => (response: ServerResponse) => {
      calls++;
      const finish = () => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(respond(headers, body)));
      };
      if (held) held.push(finish);
      else finish();
    });
  const subgraph = (value: (headers: IncomingHttpHeaders, body: string) => string) =>
    source((headers, body) => {
      const field = /\b(?:me|order|chosen|choose|secret|secretOrder|vip|vipOrder|plain|plainOrder|greeting)\b/.exec(
        body,
      );
      return { data: { [field?.[0] ?? '']: value(headers, body) } };
    });
  const facts = await subgraph(saidOf);
  const canary = await subgraph(() => 'from the variant');
  const plain = await subgraph((_, body) => (body.includes('greeting') ? `greeting ${body.length} ${body}` : 'plain'));
  const next = await subgraph(() => 'from next');
  const api = await source((headers) => ({ who: saidOf(headers) }));
  const link =
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@override", "@requiresScopes", "@policy"])';
  const hint = '@cacheControl(maxAge: 60)';
  const schemasDir = await folderWith({
    'facts.graphql': `${link} extend schema @subgraph(url: "${facts.url}")
      type Query { me: String ${hint} chosen: String ${hint} secret: String ${hint} @requiresScopes(scopes: [["secrets"]]) vip: String ${hint} @policy(policies: [["vip"]]) }
      type Mutation { order: String choose: String secretOrder: String @requiresScopes(scopes: [["secrets"]]) vipOrder: String @policy(policies: [["vip"]]) }`,
    'next.graphql': `${link} extend schema @subgraph(url: "${next.url}")
      type Query { chosen: String @override(from: "facts", label: "next") ${hint} }
      type Mutation { choose: String @override(from: "facts", label: "next") }`,
    'plain.graphql': `extend schema @subgraph(url: "${plain.url}")
      type Query { plain: String @cacheControl(maxAge: 60, scope: PUBLIC) greeting(to: String): String ${hint} }
      type Mutation { plainOrder: String }`,
    'api.graphql': `extend schema @source(name: "api", http: {baseURL: "${api.url}", headers: [{name: "x-app", from: "x-caller"}]})
      type Query { who: String ${hint} @connect(source: "api", http: {GET: "/who"}, selection: "$.who") }
      type Mutation { tell: String @connect(source: "api", http: {POST: "/who"}, selection: "$.who") }`,
  });
  const modules = folderOf({});
  writeFileSync(join(modules, 'policies.mjs'), MODULE);
  const { send } = await startWithClients(schemasDir, endpoints(), {
    headers: { subgraphs: { facts: { request: rules } } },
    override_labels: { header: 'x-labels' },
    authorization: { policies: { module: join(modules, 'policies.mjs') } },
    ...(variant && {
      subgraphs: { facts: { variants: [{ name: 'canary', urls: [{ url: canary.url }], ...variant }] } },
    }),
    ...config,
  });
  return {
    calls: () => calls,
    hold: () => {
      held = [];
    },
    release: () => {
      const waiting = held ?? [];
      held = undefined;
      for (const finish of waiting) finish();
    },
    send: (path, sent, body) => send(path, sent, body),
  };
}

function saidOf(headers: IncomingHttpHeaders): string {
  const names = [
    'x-user',
    'x-tenant',
    'x-key',
    'x-kind',
    'x-app',
    'x-address',
    'accept-language',
    'cookie',
    'authorization',
  ];
  return (
    names.flatMap((name) => (headers[name] === undefined ? [] : `${name}=${headers[name]};`)).join(' ') || 'nobody'
  );
}
