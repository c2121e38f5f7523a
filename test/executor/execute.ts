import type { GraphQLFormattedError } from 'graphql';
import { compilePlan } from '../../src/executor/compile.ts';
import { executePlan } from '../../src/executor/execute-plan.ts';
import type { Source, SubgraphResponse } from '../../src/sources/source.ts';
import { planner } from '../planner/plan.ts';

/** What a subgraph received: its document and variables. */
export interface Received {
  readonly query: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into variables freely
  readonly variables: Record<string, any>;
  /** What was sent, as text: numbers with all their digits. */
  readonly body: string;
}

/** A GraphQL result, the text of a response, or a whole answer. */
type Script = object | string | SubgraphResponse;

export interface Executed {
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers freely
  readonly data: any;
  readonly errors: readonly GraphQLFormattedError[];
  /** What each subgraph received, in order. */
  readonly received: Readonly<Record<string, Received[]>>;
}

export type Scripts = Readonly<Record<string, Script | ((request: Received) => Script)>>;

/**
 * Plans and runs one query over subgraphs that answer what a test scripts, whatever they are asked. They answer at once,
 * before `send` returns, unless `later` is set.
 */
export async function execute(
  subgraphs: Readonly<Record<string, string>>,
  query: string,
  scripts: Scripts,
  { variables = {}, later = false }: { variables?: Record<string, unknown>; later?: boolean } = {},
): Promise<Executed> {
  const { stages, supergraph } = planner(subgraphs);
  const { plan } = stages(query, variables);
  const received: Record<string, Received[]> = {};
  const sources = new Map<string, Source>();
  for (const [name, script] of Object.entries(scripts)) {
    sources.set(name, {
      name,
      send({ body }, done) {
        const request: Received = { variables: {}, ...JSON.parse(body), body };
        received[name] = [...(received[name] ?? []), request];
        const answer = answerOf(typeof script === 'function' ? script(request) : script);
        if (later) setImmediate(done, answer);
        else done(answer);
      },
      close: () => Promise.resolve(),
    });
  }
  const client = { requestId: 'test', headers: {} };
  const compiled = compilePlan(plan, supergraph);
  const result = await executePlan(compiled, { supergraph, sources, client, variables, introspected: new Map() });
  const text = result.dataText ?? '';
  return { text, data: JSON.parse(text), errors: result.errors, received };
}

function answerOf(script: Script): SubgraphResponse {
  if (typeof script === 'string') return { kind: 'text', text: script, status: 200 };
  return 'kind' in script ? script : { kind: 'text', text: JSON.stringify(script), status: 200 };
}

/** The one subgraph `all` answers with `data`: shows what the projection makes of it. */
export async function show(
  typeDefs: string,
  query: string,
  data: unknown,
): Promise<[text: string, ...errors: string[]]> {
  const { text, errors } = await execute({ all: typeDefs }, query, { all: { data } });
  return [text, ...errors.map(({ message, path }) => `${path?.join('.')}: ${message}`)];
}
