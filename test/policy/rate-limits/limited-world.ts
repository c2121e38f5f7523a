import type { Identity } from '../../../src/client/identity.ts';
import { configFileSchema } from '../../../src/config/config.ts';
import type { SingleResult } from '../../../src/pipeline/execution-result.ts';
import { createRateLimits } from '../../../src/policy/rate-limits/rate-limits.ts';
import { createWorld, type World } from '../../worlds/world.ts';
import { START } from './arbitrary.ts';

export interface Asking {
  readonly ip?: string;
  readonly identity?: Identity;
  readonly headers?: Record<string, string>;
  readonly variables?: Record<string, unknown>;
}

export interface LimitedWorld {
  readonly world: World;
  /** Milliseconds pass. */
  pass(ms: number): void;
  ask(query: string, asking?: Asking): Promise<SingleResult>;
  /** What a request came to, in a few words: `served`, `refused`, or the paths that were left out. */
  outcome(query: string, asking?: Asking): Promise<string>;
}

export const user = (subject: string, more: Partial<Identity> = {}): Identity => ({
  kind: 'jwt',
  subject,
  scopes: [],
  claims: {},
  ...more,
});

/** A shop behind rate limits from the config, with a clock that only `pass` moves. */
export function limitedWorld(rateLimits: Record<string, unknown>): LimitedWorld {
  const config = configFileSchema.parse({ rate_limits: rateLimits }).rate_limits;
  let now = START;
  const limits = createRateLimits(config, undefined, { now: () => now, listSize: 10 });
  const world = createWorld({ engine: { policies: [limits.policy] }, subgraphs: SUBGRAPHS });
  const ask = (query: string, { ip = '192.0.2.1', identity, headers = {}, variables }: Asking = {}) =>
    world.engine.execute({ query, variables, client: { requestId: 'r', headers, ip, identity } });
  return {
    world,
    ask,
    pass: (ms) => {
      now += ms;
    },
    async outcome(query, asking) {
      const answer = await ask(query, asking);
      if (answer.refusal !== undefined) return `refused ${answer.status ?? answer.refusal}`;
      return answer.errors.length === 0 ? 'served' : answer.errors.map(({ path }) => path?.join('.')).join(' ');
    },
  };
}

const hit = (text: string) => ({ __typename: 'Product', id: text, name: `all about ${text}` });

const SUBGRAPHS = {
  shop: {
    typeDefs: `
      type Query { search(text: String, filter: Filter): [Product] node(id: ID!): Node report: Report reports: [Report!] me: String
        list(first: Int = 10, order: Order = ASC, page: Page = { shop: "main" }, ids: [ID!], plain: String): String }
      type Mutation { buy(id: ID!): String }
      input Filter { shop: ID }
      input Page { size: Int = 20, shop: ID }
      enum Order { ASC DESC }
      interface Node { id: ID! }
      type Product implements Node @key(fields: "id") { id: ID! name: String }
      type Report implements Node { id: ID! text: String }
    `,
    resolvers: {
      Query: {
        search: (_: unknown, { text = 'x' }: { text?: string }) => [hit(text)],
        node: (_: unknown, { id }: { id: string }) =>
          id.startsWith('r') ? { __typename: 'Report', id, text: 'a report' } : hit(id),
        report: () => ({ id: 'r1', text: 'one' }),
        reports: () => [{ id: 'r1' }, { id: 'r2' }],
        me: () => 'me',
        list: () => 'a list',
      },
      Mutation: { buy: () => 'bought' },
      Product: { __resolveReference: ({ id }: { id: string }) => hit(id) },
    },
  },
};
