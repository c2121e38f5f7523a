import { type OperationDefinitionNode, parse, validate } from 'graphql';
import { normalise } from '../../src/operation/normalise.ts';
import type { Operation } from '../../src/operation/operation.ts';
import { readSupergraph, type Supergraph } from '../../src/supergraph/supergraph.ts';
import type { FuzzCase } from '../fuzz/arbitrary.ts';
import { buildWorld } from '../fuzz/build.ts';
import { forEachFieldSet } from '../fuzz/model.ts';
import { composeSupergraph } from '../worlds/compose.ts';
import { withFederationLink } from '../worlds/subgraph-sdl.ts';

/** Whether a random world has only what the exhaustive search knows. */
export function isPlain({ world }: FuzzCase): boolean {
  let provides = false;
  forEachFieldSet(world, (_type, _text, _subgraph, directive) => {
    provides ||= directive === 'provides';
  });
  if (world.contexts || world.mutation) return false;
  return !provides && Object.keys(world.interfaces).length === 0 && Object.keys(world.unions).length === 0;
}

/** The composed world and its operations; `undefined` if it does not compose, which random worlds need not. */
export function composed({
  world,
  queries,
}: FuzzCase): { supergraph: Supergraph; operations: Operation[] } | undefined {
  const sdl = supergraphOf(world);
  if (sdl === undefined) return undefined;
  const supergraph = readSupergraph(sdl);
  const operations = queries.flatMap(({ query, variables }) => {
    const document = parse(query);
    if (validate(supergraph.publicSchema, document).length > 0) return [];
    const operation = document.definitions.find(({ kind }) => kind === 'OperationDefinition');
    return [normalise(document, operation as OperationDefinitionNode, supergraph, variables)];
  });
  return { supergraph, operations };
}

function supergraphOf(world: FuzzCase['world']): string | undefined {
  try {
    const { subgraphs } = buildWorld(world);
    const sdls = Object.entries(subgraphs).map(([name, { typeDefs }]) => [name, withFederationLink(typeDefs)] as const);
    return composeSupergraph(new Map(sdls));
  } catch {
    return undefined;
  }
}
