import type { ExecutionResult, GraphQLSchema } from 'graphql';
import type { WorldSubgraph } from '../worlds/world.ts';
import type { WorldDescription } from './description.ts';
import { candidates, fieldLists } from './model.ts';
import { answerFromMonolith, monolithSchema } from './monolith.ts';
import { subgraphSchema } from './subgraph-schema.ts';
import { subgraphResolvers } from './subgraphs.ts';
import { createTruth } from './truth.ts';

/** A described world in both its forms: as subgraphs, and in one piece. */
export interface BuiltWorld {
  readonly subgraphs: Record<string, WorldSubgraph>;
  /** What clients should see. */
  readonly publicSchema: GraphQLSchema;
  expected(query: string, variables: Record<string, unknown>): Promise<ExecutionResult>;
}

/** A description that makes no world, such as a field of an interface that nothing implements. */
export class UnsoundWorld extends Error {
  override readonly name = 'UnsoundWorld';
}

/** Derives subgraphs and monolith from a description. Throws `UnsoundWorld` or a `GraphQLError` when that cannot be. */
export function buildWorld(world: WorldDescription): BuiltWorld {
  for (const fields of fieldLists(world)) {
    for (const [name, field] of Object.entries(fields)) {
      const isAbstract = world.interfaces[field.type] ?? world.unions[field.type];
      if (isAbstract && candidates(world, field).length === 0)
        throw new UnsoundWorld(`No type can stand for ${name}: ${field.type}`);
    }
  }
  const truth = createTruth(world, monolithSchema(world, true));
  const publicSchema = monolithSchema(world, false);
  const subgraphs: Record<string, WorldSubgraph> = {};
  for (const name of world.subgraphs) {
    const schema = subgraphSchema(world, name);
    if (!schema) continue;
    subgraphs[name] = { typeDefs: schema.typeDefs, resolvers: subgraphResolvers(world, truth, name, schema.fields) };
  }
  return {
    subgraphs,
    publicSchema,
    expected: (query, variables) => answerFromMonolith(publicSchema, truth, query, variables),
  };
}
