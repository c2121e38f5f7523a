import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type DocumentNode,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  OperationTypeNode,
  parse,
  validate,
} from 'graphql';
import { type RequestHandler, readBody, sendJson } from './http.ts';

interface GraphQLRequest {
  readonly query: string;
  readonly variables?: Record<string, unknown> | null;
  readonly operationName?: string | null;
}

const RESPONSE_TYPE = 'application/graphql-response+json';

/** A gateway sends few distinct documents, again and again; beyond this many, the oldest is forgotten. */
const MAX_DOCUMENTS = 500;

/** GraphQL over HTTP at `/graphql`: POST with a JSON body, or GET for queries. `/health` answers too. */
export function createGraphQLHandler(schema: GraphQLSchema): RequestHandler {
  const prepare = createDocumentCache(schema);
  return async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://service');
    if (url.pathname === '/health') return sendJson(response, 200, { status: 'ok' });
    if (url.pathname !== '/graphql') return refuse(request, response, 404, 'GraphQL is served at /graphql.');
    if (request.method !== 'POST' && request.method !== 'GET') {
      response.setHeader('allow', 'GET, POST');
      return refuse(request, response, 405, 'Use POST, or GET for queries.');
    }
    const body = request.method === 'GET' ? Object.fromEntries(url.searchParams) : await readBody(request);
    if (body === undefined) return refuse(request, response, 413, 'The request body is too large.');
    const params = readRequest(body);
    if (typeof params === 'string') return refuse(request, response, 400, params);
    const prepared = prepare(params.query);
    if ('errors' in prepared) return sendResult(request, response, prepared);
    const operation = getOperationAST(prepared.document, params.operationName);
    if (request.method === 'GET' && operation && operation.operation !== OperationTypeNode.QUERY) {
      response.setHeader('allow', 'POST');
      return refuse(request, response, 405, 'Send mutations with POST.');
    }
    const result = await execute({
      schema,
      document: prepared.document,
      variableValues: params.variables,
      operationName: params.operationName,
    });
    sendResult(request, response, result);
  };
}

/** The request's parameters, or what is wrong with them. */
function readRequest(body: string | Readonly<Record<string, string>>): GraphQLRequest | string {
  let params: unknown;
  try {
    params = typeof body === 'string' ? JSON.parse(body) : withParsedVariables(body);
  } catch {
    return typeof body === 'string' ? 'The request body is not JSON.' : '`variables` is not JSON.';
  }
  if (typeof params !== 'object' || params === null) return 'The request must be a JSON object.';
  const { query, variables } = params as Record<string, unknown>;
  if (typeof query !== 'string') return '`query` must be the text of a GraphQL document.';
  if (variables != null && (typeof variables !== 'object' || Array.isArray(variables))) {
    return '`variables` must be an object.';
  }
  return params as GraphQLRequest;
}

function withParsedVariables(search: Readonly<Record<string, string>>): unknown {
  return search.variables === undefined ? search : { ...search, variables: JSON.parse(search.variables) };
}

type Prepared = { readonly document: DocumentNode } | { readonly errors: readonly GraphQLError[] };

function createDocumentCache(schema: GraphQLSchema): (query: string) => Prepared {
  const known = new Map<string, Prepared>();
  return (query) => {
    const cached = known.get(query);
    if (cached) return cached;
    const prepared = parseAndValidate(schema, query);
    const oldest = known.size >= MAX_DOCUMENTS ? known.keys().next().value : undefined;
    if (oldest !== undefined) known.delete(oldest);
    known.set(query, prepared);
    return prepared;
  };
}

function parseAndValidate(schema: GraphQLSchema, query: string): Prepared {
  let document: DocumentNode;
  try {
    document = parse(query);
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [error] };
    throw error;
  }
  const errors = validate(schema, document);
  return errors.length > 0 ? { errors } : { document };
}

/** For what is no well-formed request. */
function refuse(request: IncomingMessage, response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, { errors: [{ message }] }, responseType(request));
}

/** A result without `data` never began to execute: 400, but 200 for clients that know only `application/json`. */
function sendResult(request: IncomingMessage, response: ServerResponse, result: object): void {
  const type = responseType(request);
  sendJson(response, 'data' in result || !type ? 200 : 400, result, type);
}

function responseType(request: IncomingMessage): string | undefined {
  return request.headers.accept?.includes(RESPONSE_TYPE) ? `${RESPONSE_TYPE}; charset=utf-8` : undefined;
}
