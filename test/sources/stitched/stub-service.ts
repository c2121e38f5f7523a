import type { IncomingMessage, ServerResponse } from 'node:http';
import { buildASTSchema, execute, type GraphQLSchema, parse, validate } from 'graphql';
import { bodyOf, type FakeSubgraph, fakeSubgraph } from '../fake-subgraph.ts';

export interface StubRequest {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  readonly headers: IncomingMessage['headers'];
}

export interface StubService extends FakeSubgraph {
  /** Everything that it was asked. */
  readonly requests: StubRequest[];
  /** Answers instead of the schema, when set: to misbehave. */
  answer: ((request: StubRequest, res: ServerResponse) => unknown) | undefined;
}

/** `Type.field` → a value, or what makes one of its parent and arguments. */
export type StubResolvers = Readonly<Record<string, unknown>>;

/** A plain GraphQL service over HTTP, as strict as any: it validates what it is asked. */
export function stubService(sdl: string, resolvers: StubResolvers): Promise<StubService> {
  return stubOf(schemaWith(sdl, resolvers));
}

export async function stubOf(schema: GraphQLSchema): Promise<StubService> {
  const requests: StubRequest[] = [];
  const stub = await fakeSubgraph(async (req, res) => {
    const request = { ...JSON.parse(await bodyOf(req)), headers: req.headers } as StubRequest;
    requests.push(request);
    const given = service.answer ? await service.answer(request, res) : await run(schema, request);
    if (given === undefined) return;
    res.setHeader('content-type', 'application/json').end(typeof given === 'string' ? given : JSON.stringify(given));
  });
  const service: StubService = { ...stub, requests, answer: undefined };
  return service;
}

export function schemaWith(sdl: string, resolvers: StubResolvers): GraphQLSchema {
  const schema = buildASTSchema(parse(sdl));
  for (const [coordinate, resolver] of Object.entries(resolvers)) {
    const [typeName = '', fieldName = ''] = coordinate.split('.');
    const type = schema.getType(typeName);
    const field = type && 'getFields' in type ? type.getFields()[fieldName] : undefined;
    if (!field || !('args' in field)) throw new Error(`the stub has no field ${coordinate}`);
    field.resolve = (parent, args) => (typeof resolver === 'function' ? resolver(args, parent) : resolver);
  }
  return schema;
}

export async function run(schema: GraphQLSchema, { query, variables }: Pick<StubRequest, 'query' | 'variables'>) {
  const document = parse(query);
  const errors = validate(schema, document);
  if (errors.length > 0) return { errors };
  return execute({ schema, document, variableValues: variables });
}
