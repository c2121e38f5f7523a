import {
  buildSchema,
  type DocumentNode,
  execute,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
  parse,
  validate,
} from 'graphql';
import { getVariableValues } from 'graphql/execution/values.js';
import { LRUCache } from 'lru-cache';
import { ANYTHING, NOTHING, withReads } from '../../src/client/depends-on.ts';
import type { Engine, EngineRequest, ReadDocument } from '../../src/pipeline/engine.ts';
import { SingleResult } from '../../src/pipeline/execution-result.ts';

/** The resolvers get the whole request, and may read anything of it. */
const UNKNOWN = withReads(NOTHING, ANYTHING);

type RootValue = Record<string, (args: Record<string, unknown>, request: EngineRequest) => unknown>;

/**
 * An engine over one plain schema, executed by graphql-js: what a host sees of an engine, without a supergraph.
 * `roots` answers the fields of Query and Mutation; each gets the field's arguments and the engine request.
 */
export function plainEngine(sdl: string, roots: RootValue): Engine {
  const schema = buildSchema(sdl);
  return {
    supergraph: {
      sdl,
      subgraphs: [],
      types: new Map(),
      rootTypes: {},
      cacheControl: [],
      publicSchema: schema,
    } as unknown as Engine['supergraph'],
    publicSchema: schema,
    readDocument: ({ query }) => readPlain(schema, query),
    dependsOn: () => UNKNOWN,
    dependsOnOncePlanned: () => UNKNOWN,
    canDedupe: ({ query, operationName }) => operationOf(query, operationName)?.operation === 'query',
    execute: async (request) => executePlain(schema, roots, request),
    stream: async (request) => executePlain(schema, roots, request),
  };
}

function readPlain(schema: GraphQLSchema, query: string): ReadDocument {
  const unread = { refusal: 'validation', errors: [] } as const;
  try {
    const document = parse(query, { noLocation: true });
    if (validate(schema, document).length > 0) return unread;
    const prepared: Extract<ReadDocument, { document: unknown }>['prepared'] = new LRUCache({ max: 1 });
    const incremental = { isIncremental: false, initialCounts: [] };
    return { document, conditions: [], ...incremental, labels: [], countsRequests: false, reads: NOTHING, prepared };
  } catch {
    return unread;
  }
}

async function executePlain(schema: GraphQLSchema, roots: RootValue, request: EngineRequest): Promise<SingleResult> {
  let document: DocumentNode;
  try {
    document = parse(request.query);
  } catch (error) {
    return refusal('parse', 'GRAPHQL_PARSE_FAILED', [error as Error]);
  }
  const invalid = validate(schema, document);
  if (invalid.length > 0) return refusal('validation', 'GRAPHQL_VALIDATION_FAILED', invalid);
  const operation = operationOf(request.query, request.operationName);
  if (!operation) return refusal('operation', 'BAD_USER_INPUT', [new Error('No such operation.')]);
  if (request.readOnly && operation.operation !== 'query') {
    return refusal('method', 'BAD_REQUEST', [new Error('A mutation needs POST.')]);
  }
  const variables = getVariableValues(schema, operation.variableDefinitions ?? [], request.variables ?? {});
  if (variables.errors) return refusal('variables', 'BAD_USER_INPUT', variables.errors);
  const result = await execute({
    schema,
    document,
    rootValue: roots,
    contextValue: request,
    variableValues: request.variables,
    operationName: request.operationName,
  });
  return new SingleResult(
    JSON.stringify(result.data),
    (result.errors ?? []).map((error) => error.toJSON()),
  );
}

function operationOf(query: string, operationName?: string | null): OperationDefinitionNode | undefined {
  try {
    return getOperationAST(parse(query), operationName) ?? undefined;
  } catch {
    return undefined;
  }
}

function refusal(kind: SingleResult['refusal'], code: string, errors: readonly Error[]): SingleResult {
  const formatted = errors.map((error) => ({ message: error.message, extensions: { code } }));
  return new SingleResult(undefined, formatted, { refusal: kind });
}
