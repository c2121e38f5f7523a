import { stitchSchemas } from '@graphql-tools/stitch';
import { buildASTSchema, type DocumentNode, execute, type GraphQLFormattedError, type GraphQLSchema } from 'graphql';
import type { Service } from '../../services/service.ts';
import { keepDigits } from '../../shared/exact-scalars.ts';
import type { ResponseObserver, Source } from '../source.ts';
import { withBatchFields } from './batch-fields.ts';
import { createEntitiesResolver, type Subschema } from './entities.ts';
import { withFloatStandIn } from './float-inputs.ts';
import { readMerges } from './merge-config.ts';
import type { RequestNames } from './request-names.ts';
import { createUpstream, type StitchedContext } from './upstream.ts';

export interface StitchedResult {
  readonly data?: unknown;
  readonly errors: readonly GraphQLFormattedError[];
}

/** Executes an operation that selects `_entities`, with requests to the service. */
export type StitchedSchema = (
  document: DocumentNode,
  variables: Readonly<Record<string, unknown>>,
  context: StitchedContext,
) => Promise<StitchedResult>;

export interface StitchedSchemaOptions {
  readonly name: string;
  readonly service: Service;
  /** The service's schema in the graph's names. */
  readonly schema: GraphQLSchema;
  readonly upstream: Source;
  readonly names: RequestNames | undefined;
  readonly observer?: ResponseObserver | undefined;
}

/**
 * `_entities` is a scalar here. Look-ups already use the selection and the aliases of the operation, so their results pass through
 * unchanged. The gateway's executor checks values and nulls once, in the final response.
 */
const ENTITIES = /* GraphQL */ `
  scalar _Any
  scalar _Entities
  extend type Query {
    _entities(representations: [_Any!]!): _Entities!
  }
`;

/** Adds federation's `_entities` to the service's schema, resolved by its look-ups. */
export function stitchService(options: StitchedSchemaOptions): StitchedSchema {
  const { name, service, schema, upstream, names, observer } = options;
  const withMany = buildASTSchema(withFloatStandIn(withBatchFields(service)), { assumeValidSDL: true });
  const executor = createUpstream({ name, source: upstream, schema, names, observer });
  const subschema: Subschema = { name, schema: withMany, executor: executor as never, batch: true };
  const stitched = stitchSchemas({
    subschemas: [subschema],
    typeDefs: ENTITIES,
    resolvers: { Query: { _entities: createEntitiesResolver(withMany, subschema, readMerges(service)) as never } },
  });
  keepDigits(stitched);
  return async (document, variables, context) => {
    const result = await execute({ schema: stitched, document, variableValues: variables, contextValue: context });
    const errors = result.errors?.map((error) => error.toJSON()) ?? [];
    return { data: result.data, errors: [...context.errors, ...misplaced(context), ...errors] };
  };
}

/** Returns the errors whose path is not in the response. They are reported without a path. */
function misplaced({ located, reported }: StitchedContext): GraphQLFormattedError[] {
  return located
    .filter((error) => !reported.has(error))
    .map(({ message, extensions }) => (Object.keys(extensions).length > 0 ? { message, extensions } : { message }));
}
