import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { loadSupergraph } from '../../src/composition/load-supergraph.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { FuzzCaseArbitrary } from '../../test/fuzz/arbitrary.ts';
import { buildWorld } from '../../test/fuzz/build.ts';
import { Chance } from '../../test/fuzz/chance.ts';
import { type GeneratedQuery, generateQuery } from '../../test/fuzz/generate-query.ts';
import { composeSupergraph } from '../../test/worlds/compose.ts';
import { withFederationLink } from '../../test/worlds/subgraph-sdl.ts';

/** Queries over one supergraph. */
export interface CaseGroup {
  /** The row of the table that the cases are counted in. */
  readonly row: string;
  /** Unique among all groups: `random 17`. */
  readonly name: string;
  readonly sdl: string;
  readonly queries: readonly GeneratedQuery[];
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The federation benchmark's supergraph: its own query, and random ones. */
export function benchmarkCases(seed: number, count: number): CaseGroup[] {
  const sdl = readFileSync(join(ROOT, 'test/fixtures/benchmark-supergraph.graphql'), 'utf8');
  const query = readFileSync(join(ROOT, 'test/fixtures/benchmark-query.graphql'), 'utf8');
  const own = { row: 'Benchmark query', name: 'benchmark', sdl, queries: [{ query, variables: {} }] };
  const queries = randomQueries(sdl, seed, count);
  return [own, { row: 'Benchmark supergraph, random queries', name: 'benchmark-random', sdl, queries }];
}

/** The demo's schemas: the queries of this folder, those of the BFF endpoints, and random ones. */
export async function demoCases(seed: number, count: number): Promise<CaseGroup[]> {
  const loaded = await loadSupergraph({ schemasDir: join(ROOT, 'schemas') });
  if (!loaded.ok) throw new Error(`The demo's schemas do not compose: ${loaded.problems[0]?.message}`);
  const { sdl } = loaded.update;
  const folder = join(ROOT, 'bench/planner/queries');
  const own = readdirSync(folder).map((file) => ({
    row: 'Demo queries',
    name: `demo/${basename(file, '.graphql')}`,
    sdl,
    queries: [{ query: readFileSync(join(folder, file), 'utf8'), variables: {} }],
  }));
  return [
    ...own,
    { row: 'Demo supergraph, random queries', name: 'demo-random', sdl, queries: randomQueries(sdl, seed, count) },
  ];
}

/** Random worlds, each with random queries; those that do not compose are left out. */
export function randomCases(seed: number, worlds: number, queriesPerWorld: number): CaseGroup[] {
  const groups: CaseGroup[] = [];
  for (const [index, { world, queries }] of fc
    .sample(new FuzzCaseArbitrary(queriesPerWorld), { seed, numRuns: worlds })
    .entries()) {
    let sdl: string;
    try {
      const { subgraphs } = buildWorld(world);
      const sdls = Object.entries(subgraphs).map(
        ([name, { typeDefs }]) => [name, withFederationLink(typeDefs)] as const,
      );
      sdl = composeSupergraph(new Map(sdls));
    } catch {
      // random worlds need not compose, and no planner has seen them yet
      continue;
    }
    groups.push({ row: 'Random worlds', name: `random-${seed}-${index}`, sdl, queries });
  }
  return groups;
}

/** What the conformance tests ask: they are run once with every world and query written down. */
export function conformanceCases(): CaseGroup[] {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-plans-'));
  const file = join(folder, 'recorded.jsonl');
  try {
    const config = join(ROOT, 'bench/planner/record/vitest.config.ts');
    try {
      execFileSync('npx', ['vitest', 'run', '--config', config, 'test/conformance'], {
        cwd: ROOT,
        env: { ...process.env, RECORD_TO: file },
        stdio: 'ignore',
      });
    } catch {
      // a test that fails is the tests' concern; what it asked has been written down all the same
    }
    const bySdl = new Map<string, GeneratedQuery[]>();
    for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
      const { sdl, ...asked } = JSON.parse(line) as GeneratedQuery & { sdl: string };
      bySdl.set(sdl, [...(bySdl.get(sdl) ?? []), asked]);
    }
    return [...bySdl].map(([sdl, queries]) => ({
      row: 'Conformance tests',
      name: `conformance-${createHash('sha256').update(sdl).digest('hex').slice(0, 6)}`,
      sdl,
      queries: queries.filter((asked, at) => queries.findIndex(({ query }) => query === asked.query) === at),
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The public federation-gateway-audit, from its server: `GET /ID/supergraph`, `GET /ID/tests`. */
export async function auditCases(url: string, ids: readonly string[]): Promise<CaseGroup[]> {
  const groups: CaseGroup[] = [];
  for (const id of ids) {
    const sdl = await (await fetch(`${url}/${id}/supergraph`)).text();
    const tests = (await (await fetch(`${url}/${id}/tests`)).json()) as { query: string }[];
    const queries = tests.map(({ query }) => ({ query, variables: {} }));
    groups.push({ row: 'Public audit', name: `audit-${id}`, sdl, queries });
  }
  return groups;
}

function randomQueries(sdl: string, seed: number, count: number): GeneratedQuery[] {
  const { publicSchema } = readSupergraph(sdl);
  return fc.sample(new QueryArbitrary((chance) => generateQuery(chance, publicSchema, chance.between(2, 60))), {
    seed,
    numRuns: count,
  });
}

/** Anything that can be made of chance, without shrinking. */
class QueryArbitrary extends fc.Arbitrary<GeneratedQuery> {
  readonly make: (chance: Chance) => GeneratedQuery;

  constructor(make: (chance: Chance) => GeneratedQuery) {
    super();
    this.make = make;
  }

  override generate(random: fc.Random): fc.Value<GeneratedQuery> {
    return new fc.Value(this.make(new Chance(random)), undefined);
  }

  override canShrinkWithoutContext(_value: unknown): _value is GeneratedQuery {
    return false;
  }

  override shrink(): fc.Stream<fc.Value<GeneratedQuery>> {
    return fc.Stream.nil();
  }
}
