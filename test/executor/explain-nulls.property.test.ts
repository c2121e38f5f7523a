import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { DebugTrace } from '../../src/shared/debug-trace.ts';
import type { ExplainedNull, NullCause } from '../../src/shared/null-cause.ts';
import { type FuzzCase, FuzzCaseArbitrary } from '../fuzz/arbitrary.ts';
import { type BuiltWorld, buildWorld } from '../fuzz/build.ts';
import { isLabelOn } from '../fuzz/model.ts';
import { runs } from '../runs.ts';
import type { Fault } from '../worlds/faults.ts';
import { createWorld, type World } from '../worlds/world.ts';

type Path = readonly (string | number)[];

/** The same worlds every time. */
const RUNS = runs(150);
const SETTINGS = { numRuns: RUNS, seed: 20_261_129, includeErrorInReport: true };

function make({ world: description }: FuzzCase): { built: BuiltWorld; world: World } | undefined {
  try {
    const built = buildWorld(description);
    const overrideLabels = (labels: readonly string[]) => labels.filter((label) => isLabelOn(description, label));
    return { built, world: createWorld({ subgraphs: built.subgraphs, engine: { overrideLabels } }) };
  } catch {
    // random worlds need not be sound
    return undefined;
  }
}

/** Returns the places of all nulls, except those within custom scalars. */
function nullsIn(value: unknown, path: Path = []): Path[] {
  if (value === null) return [path];
  if (typeof value !== 'object' || isBlob(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => nullsIn(inner, below(value, path, key)));
}

/** Returns the places of nulls where there should be something. */
function lostIn(actual: unknown, expected: unknown, path: Path = []): Path[] {
  if (expected === null || expected === undefined || actual === undefined) return [];
  if (actual === null) return [path];
  if (typeof actual !== 'object' || typeof expected !== 'object') return [];
  return Object.entries(actual).flatMap(([key, inner]) =>
    lostIn(inner, (expected as Record<string, unknown>)[key], below(actual, path, key)),
  );
}

function below(value: object, path: Path, key: string): Path {
  return [...path, Array.isArray(value) ? Number(key) : key];
}

function isBlob(value: object): boolean {
  return 'text' in value && 'list' in value;
}

interface Explained {
  readonly data: unknown;
  readonly nulls: readonly ExplainedNull[];
  readonly counted: number;
}

async function explain({ engine }: World, query: string, variables: Record<string, unknown>): Promise<Explained> {
  const debug = new DebugTrace('r', undefined);
  const client = { requestId: 'r', headers: {}, debug };
  const { dataText } = await engine.execute({ query, variables, client });
  const { nulls, leftOut, nullsOfSubgraphs } = debug.toJSON();
  const counted = nulls.length + (leftOut?.nulls ?? 0) + nullsOfSubgraphs;
  return { data: dataText === undefined ? undefined : JSON.parse(dataText), nulls, counted };
}

const text = (path: Path) => JSON.stringify(path);

/** Asserts that each lost null has exactly one chain, and that its last cause is the fault. Returns how many there are. */
async function check(
  { built, world }: { built: BuiltWorld; world: World },
  queries: FuzzCase['queries'],
  isFault: (cause: NullCause | undefined) => boolean,
): Promise<number> {
  let found = 0;
  for (const { query, variables } of queries) {
    const expected = await built.expected(query, variables);
    const { data, nulls, counted } = await explain(world, query, variables);
    if (data === undefined) continue;
    const places = nullsIn(data);
    const known = new Set(places.map(text));
    // no null is counted twice, or left out, and none is listed that is not in the data
    expect({ query, data, nulls, counted }).toMatchObject({ counted: places.length });
    const strange = nulls.filter(({ path }) => !known.has(text(path)));
    expect({ query, data, strange }).toMatchObject({ strange: [] });
    const lost = lostIn(data, expected.data).slice(0, 100);
    const unexplained = lost.filter((path) => {
      const chains = nulls.filter((one) => text(one.path) === text(path));
      return nulls.length < 100 && (chains.length !== 1 || !isFault(chains[0]?.causes.at(-1)));
    });
    const sdl = Object.entries(built.subgraphs).map(([name, { typeDefs }]) => `# ${name}\n${typeDefs}`);
    expect({ sdl, query, data, nulls, unexplained }).toMatchObject({ unexplained: [] });
    found += lost.length;
  }
  return found;
}

test('over random worlds with a subgraph down, each null due to it leads to its fetch', async () => {
  let found = 0;
  const property = fc.asyncProperty(new FuzzCaseArbitrary(4), fc.nat(1_000), async (fuzzCase, choice) => {
    const made = make(fuzzCase);
    if (!made) return;
    const names = Object.keys(made.built.subgraphs);
    const down = names[choice % names.length] as string;
    made.world.fault({ kind: 'failure', subgraph: down, failure: { message: 'injected' } });
    found += await check(
      made,
      fuzzCase.queries,
      (cause) => cause?.kind === 'fetchFailed' && cause.subgraph === down && cause.message === 'injected',
    );
  });
  await fc.assert(property, SETTINGS);
  expect(found).toBeGreaterThan(RUNS / 2);
}, 600_000);

test('over random worlds with a field that fails, each null due to it leads to its error', async () => {
  let found = 0;
  const property = fc.asyncProperty(new FuzzCaseArbitrary(4), fc.nat(1_000_000), async (fuzzCase, choice) => {
    const made = make(fuzzCase);
    // who requires a field that failed gets null for it, and computes something else; where a subgraph is stricter than the
    // supergraph, null propagates further than the supergraph says
    if (!made || /"(requires|context|fails|nullableIn)":/.test(JSON.stringify(fuzzCase.world))) return;
    const fields = [...made.world.schemas].flatMap(([subgraph, schema]) =>
      Object.values(schema.getTypeMap()).flatMap((type) =>
        'getFields' in type && !type.name.startsWith('_')
          ? Object.keys(type.getFields()).map((field) => ({ subgraph, field: `${type.name}.${field}` }))
          : [],
      ),
    );
    const chosen = fields[choice % fields.length];
    if (chosen === undefined) return;
    const fault: Fault = { kind: 'field-error', ...chosen, message: 'injected' };
    made.world.fault(fault);
    found += await check(
      made,
      fuzzCase.queries,
      (cause) => cause?.kind === 'subgraphError' && cause.subgraph === chosen.subgraph && cause.message === 'injected',
    );
  });
  await fc.assert(property, SETTINGS);
  expect(found).toBeGreaterThan(0);
}, 600_000);
