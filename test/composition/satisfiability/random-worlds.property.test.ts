import { composeServices } from '@theguild/federation-composition';
import * as fc from 'fast-check';
import { type DocumentNode, isCompositeType, parse } from 'graphql';
import { expect, test } from 'vitest';
import { checkSatisfiability, type Unsatisfiable } from '../../../src/composition/satisfiability/check.ts';
import { FieldIndex } from '../../../src/planner/field-index.ts';
import { readSupergraph, type Supergraph } from '../../../src/supergraph/supergraph.ts';
import { type FuzzCase, FuzzCaseArbitrary } from '../../fuzz/arbitrary.ts';
import { buildWorld } from '../../fuzz/build.ts';
import { runs } from '../../runs.ts';
import { withFederationLink } from '../../worlds/subgraph-sdl.ts';
import { pathQueries, planQuery, queryOf } from './path-queries.ts';

const RUNS = Number(process.env.SATISFIABILITY_RUNS ?? runs(100, 12));
const SEED = Number(process.env.SATISFIABILITY_SEED ?? 20_260_101);
const QUERIES = 40;

type Outcome = 'satisfiable' | 'unsatisfiable' | 'crash' | 'other';

test(
  'what the check says of random worlds is what planning finds',
  () => {
    const seen = new Map<string, number>();
    const property = fc.property(new FuzzCaseArbitrary(1), ({ world }) => {
      const services = servicesOf(world);
      const composed = services && compose(services, ['SatisfiabilityRule']);
      if (!services || !composed) return;
      const supergraph = readSupergraph(composed.sdl);
      const { failures } = checkSatisfiability(composed.document);
      for (const failure of failures) expect(plans(failure, supergraph), describe(services)).toBe(false);
      const ours: Outcome = failures.length === 0 ? 'satisfiable' : 'unsatisfiable';
      if (ours === 'satisfiable') expect(unplannable(supergraph), describe(services)).toEqual([]);
      const theirs = outcomeOfComposer(services);
      // the composer overlooks requirements that, in the end, require themselves
      if (theirs === 'satisfiable') expect(failures.every(requiresSomething), describe(services)).toBe(true);
      const both = `${ours}, composer: ${theirs}`;
      seen.set(both, (seen.get(both) ?? 0) + 1);
    });
    fc.assert(property, { numRuns: RUNS, seed: SEED, includeErrorInReport: true });
    if (process.env.SATISFIABILITY_RUNS) console.log(seen);
    expect(seen.get('satisfiable, composer: satisfiable')).toBeGreaterThan(RUNS / 2);
    expect([...seen.keys()].some((verdicts) => verdicts.startsWith('unsatisfiable'))).toBe(true);
  },
  RUNS * 2_000,
);

type Services = readonly { readonly name: string; readonly sdl: string }[];

function servicesOf(world: FuzzCase['world']): Services | undefined {
  try {
    const { subgraphs } = buildWorld(world);
    const services = Object.entries(subgraphs).map(([name, { typeDefs, federation1 }]) => ({
      name,
      sdl: federation1 ? typeDefs : withFederationLink(typeDefs),
    }));
    for (const { sdl } of services) parse(sdl);
    return services;
  } catch {
    return undefined;
  }
}

function run(services: Services, disableValidationRules: string[]) {
  const given = services.map(({ name, sdl }) => ({ name, url: `http://${name}.test`, typeDefs: parse(sdl) }));
  return composeServices(given, { disableValidationRules });
}

function compose(services: Services, without: string[]): { sdl: string; document: DocumentNode } | undefined {
  const { supergraphSdl, supergraphDocumentNode } = run(services, without);
  return supergraphSdl === undefined ? undefined : { sdl: supergraphSdl, document: supergraphDocumentNode };
}

function outcomeOfComposer(services: Services): Outcome {
  try {
    const { errors } = run(services, []);
    if (!errors) return 'satisfiable';
    return errors.every(({ extensions }) => extensions.code === 'SATISFIABILITY_ERROR') ? 'unsatisfiable' : 'other';
  } catch {
    return 'crash';
  }
}

/** Whether the query that is said to have no answer can be planned after all. */
function plans({ path, field, state, moves }: Unsatisfiable, { publicSchema, types }: Supergraph): boolean {
  let first = path;
  while (first?.before) first = first.before;
  const root = first && 'field' in first.step ? first.step.on : state.typeName;
  const type = publicSchema.getType(types.get(state.typeName)?.fields.get(field ?? '')?.namedType ?? '');
  const selected = field === undefined ? '__typename' : isCompositeType(type) ? `${field} { __typename }` : field;
  return planQuery(queryOf(path, selected, root.toLowerCase()), moves.fieldIndex) === undefined;
}

function requiresSomething({ moves, state, field = '' }: Unsatisfiable): boolean {
  return moves.fieldIndex.providers(state.typeName, field).some((provider) => provider.field.requires !== undefined);
}

function unplannable(supergraph: Supergraph): string[] {
  const labels = supergraph.subgraphs.flatMap(({ types }) =>
    [...types.values()].flatMap(({ fields }) =>
      [...fields.values()].flatMap(({ overrideLabel }) => overrideLabel?.label ?? []),
    ),
  );
  return [new Set<string>(), new Set(labels)].flatMap((active) => {
    const fieldIndex = new FieldIndex(supergraph, active);
    return [...pathQueries(supergraph.publicSchema, QUERIES)].flatMap((query) => {
      const problem = planQuery(query, fieldIndex);
      return problem === undefined ? [] : [`${query}: ${problem}`];
    });
  });
}

function describe(services: Services): string {
  return services.map(({ name, sdl }) => `# ${name}\n${sdl}`).join('\n');
}
