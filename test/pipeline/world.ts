import type { EngineOptions, EngineRequest } from '../../src/pipeline/engine.ts';
import type { SingleResult } from '../../src/pipeline/execution-result.ts';
import { createWorld, type World } from '../worlds/world.ts';

/** Users with posts in a second subgraph; `echo` returns its arguments as JSON text. */
export function smallWorld(engine?: Partial<EngineOptions>): World {
  return createWorld({
    engine: engine ?? {},
    subgraphs: {
      users: {
        typeDefs: `
          type Query { me: User user(id: ID!): User echo(text: String = "x", count: Int, ratio: Float, on: Boolean, id: ID, colour: Colour = RED, tags: [String!], filter: Filter, json: JSON): String }
          type Mutation { rename(name: String!): User }
          type User @key(fields: "id") { id: ID! name: String secret: String @inaccessible }
          input Filter { tag: String! = "all" limit: Int inner: Filter }
          enum Colour { RED GREEN }
          scalar JSON
        `,
        resolvers: {
          Query: {
            me: () => ({ id: 'u1', name: 'Ada' }),
            user: (_: unknown, { id }: { id: string }) => ({ id, name: `name of ${id}` }),
            echo: (_: unknown, args: unknown) => JSON.stringify(args),
          },
          Mutation: { rename: (_: unknown, { name }: { name: string }) => ({ id: 'u1', name }) },
        },
      },
      posts: {
        typeDefs: 'type User @key(fields: "id") { id: ID! posts(first: Int = 2): [String!]! }',
        resolvers: {
          User: {
            __resolveReference: (reference: unknown) => reference,
            posts: ({ id }: { id: string }, { first }: { first: number }) =>
              [...Array(first).keys()].map((i) => `${id}/${i}`),
          },
        },
      },
    },
  });
}

export function run(world: World, query: string, request: Partial<EngineRequest> = {}): Promise<SingleResult> {
  return world.engine.execute({ query, client: { requestId: 'test', headers: {} }, ...request });
}
