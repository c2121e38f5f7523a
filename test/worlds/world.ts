import { type GraphQLFormattedError, type GraphQLSchema, parse } from 'graphql';
import type { Engine, EngineOptions } from '../../src/pipeline/engine.ts';
import { createEngine } from '../../src/pipeline/pipeline.ts';
import type { Source } from '../../src/sources/source.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { composeSupergraph } from './compose.ts';
import { armResolvers, type Fault } from './faults.ts';
import { createInProcessSource } from './in-process-source.ts';
import { buildSubgraphSchema, type Resolvers } from './subgraph-schema.ts';
import { withFederationLink } from './subgraph-sdl.ts';

export interface WorldSubgraph {
  /** Federation SDL; the `@link` line is added where it is missing, unless `federation1` is set. */
  readonly typeDefs: string;
  readonly resolvers?: Resolvers;
  readonly federation1?: boolean;
}

export interface WorldOptions {
  readonly subgraphs: Readonly<Record<string, WorldSubgraph>>;
  /** Settings of the engine, where a test is about them. */
  readonly engine?: Partial<EngineOptions>;
}

/** One request as a subgraph received it. */
export interface RecordedRequest {
  readonly subgraph: string;
  readonly operationType: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** A document that its subgraph must never have been sent, and why. */
export interface Violation {
  readonly subgraph: string;
  readonly query: string;
  readonly problems: readonly string[];
}

export interface WorldAnswer {
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers freely
  readonly data: any;
  /** The data as the client would receive it; `undefined` when execution never began. */
  readonly dataText: string | undefined;
  readonly errors: readonly GraphQLFormattedError[];
  /** What the subgraphs received for this query, in order. */
  readonly requests: readonly RecordedRequest[];
}

/** A small federated world in this process: real subgraph schemas, our engine before them, nothing on the network. */
export interface World {
  readonly supergraphSdl: string;
  readonly schemas: ReadonlyMap<string, GraphQLSchema>;
  readonly sources: ReadonlyMap<string, Source>;
  readonly engine: Engine;
  /** Every request since the world was made. */
  readonly requests: readonly RecordedRequest[];
  /** Must stay empty: a document in here was not valid for the subgraph it was sent to. */
  readonly violations: readonly Violation[];
  /** Sends a query through the engine. Throws when that sends a document that its subgraph does not accept. */
  query(query: string, variables?: Record<string, unknown>, contract?: string): Promise<WorldAnswer>;
  /** Scripts something to go wrong from now on. */
  fault(fault: Fault): void;
  /** Ends all faults. */
  heal(): void;
}

/**
 * Composes the subgraphs and starts an engine over them.
 * Throws `CompositionProblem` with every problem listed if they do not compose.
 *
 * @example
 * const world = createWorld({ subgraphs: { users: { typeDefs: 'type Query { me: String }', resolvers } } });
 * const { data, requests } = await world.query('{ me }');
 */
export function createWorld(options: WorldOptions): World {
  const sdls = new Map(Object.entries(options.subgraphs).map(([name, subgraph]) => [name, subgraphSdl(subgraph)]));
  const supergraphSdl = composeSupergraph(sdls);
  const requests: RecordedRequest[] = [];
  const violations: Violation[] = [];
  const faults: Fault[] = [];
  const schemas = new Map<string, GraphQLSchema>();
  const sources = new Map<string, Source>();
  for (const [name, sdl] of sdls) {
    const schema = buildSubgraphSchema(parse(sdl), options.subgraphs[name]?.resolvers);
    armResolvers(name, schema, faults);
    schemas.set(name, schema);
    const onRequest = (request: RecordedRequest) => void requests.push(request);
    const onViolation = (violation: Violation) => void violations.push(violation);
    sources.set(name, createInProcessSource({ name, schema, faults, onRequest, onViolation }));
  }
  let engine: Engine | undefined;
  const world: World = {
    supergraphSdl,
    schemas,
    sources,
    requests,
    violations,
    get engine() {
      engine ??= createEngine({
        supergraph: readSupergraph(supergraphSdl),
        sources,
        onInternalError: reportInternalError,
        ...options.engine,
      });
      return engine;
    },
    query: (query, variables, contract) => ask(world, query, variables, contract),
    fault: (fault) => void faults.push(fault),
    heal: () => void faults.splice(0),
  };
  return world;
}

function subgraphSdl(subgraph: WorldSubgraph): string {
  return subgraph.federation1 ? subgraph.typeDefs : withFederationLink(subgraph.typeDefs);
}

async function ask(
  world: World,
  query: string,
  variables?: Record<string, unknown>,
  contract?: string,
): Promise<WorldAnswer> {
  const before = world.requests.length;
  const violationsBefore = world.violations.length;
  const answer = await world.engine.execute({ query, variables, client: { requestId: 'test', headers: {} }, contract });
  throwViolations(world.violations.slice(violationsBefore));
  return {
    data: answer.dataText === undefined ? undefined : JSON.parse(answer.dataText),
    dataText: answer.dataText,
    errors: answer.errors,
    requests: world.requests.slice(before),
  };
}

function throwViolations(violations: readonly Violation[]): void {
  if (violations.length === 0) return;
  const listed = violations.map(({ subgraph, query, problems }) => `${subgraph}: ${problems.join('; ')}\n${query}`);
  throw new Error(`The gateway sent documents that their subgraph does not accept:\n${listed.join('\n\n')}`);
}

/** A masked error in a test world is our mistake: shown in full rather than hidden behind its mask. */
function reportInternalError(error: unknown): void {
  console.error(error);
}
