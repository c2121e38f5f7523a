import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEngine } from '../../src/pipeline/pipeline.ts';
import type { Source } from '../../src/sources/source.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { type FuzzCase, FuzzCaseArbitrary } from '../fuzz/arbitrary.ts';
import { type BuiltWorld, buildWorld } from '../fuzz/build.ts';
import { createWorld, type World } from '../worlds/world.ts';

type Path = readonly (string | number)[];

/** A member or item of an answer that can be spoiled. */
interface Spot {
  readonly holder: Record<string, unknown> | unknown[];
  readonly key: string | number;
}

function spotsIn(value: unknown, spots: Spot[] = []): Spot[] {
  // the objects of a custom scalar are values like others
  if (typeof value !== 'object' || value === null || isBlob(value)) return spots;
  for (const [key, inner] of Object.entries(value)) {
    spots.push({ holder: value as Spot['holder'], key: Array.isArray(value) ? Number(key) : key });
    spotsIn(inner, spots);
  }
  return spots;
}

function isBlob(value: object): boolean {
  return 'text' in value && 'list' in value;
}

/** Takes a member out, or puts a value of another kind in its place. */
function spoil({ holder, key }: Spot, choice: number): void {
  const value = (holder as Record<string | number, unknown>)[key];
  if (!Array.isArray(holder) && choice % 2 === 0) delete holder[key];
  else if (typeof value === 'object' && value !== null && !isBlob(value)) {
    // an empty list could be what is meant
    const others = Array.isArray(value) ? ['text', 7, true, {}] : ['text', 7, true, {}, [], [[]]];
    (holder as Record<string | number, unknown>)[key] = others[choice % others.length];
  }
}

/** Spoils one spot of each answer that the choices fall on. */
function spoiling(source: Source, next: () => number): Source {
  return {
    ...source,
    send: (request, done) =>
      source.send(request, (answer) => {
        if (answer.kind !== 'text' || next() % 2 === 0) return done(answer);
        const result = JSON.parse(answer.text) as { data?: unknown };
        const spots = spotsIn(result.data);
        const spot = spots[next() % Math.max(spots.length, 1)];
        if (spot) spoil(spot, next());
        done({ ...answer, text: JSON.stringify(result) });
      }),
  };
}

function make({ world: description }: FuzzCase): { built: BuiltWorld; world: World } | undefined {
  try {
    const built = buildWorld(description);
    const world = createWorld({ subgraphs: built.subgraphs });
    return world.engine ? { built, world } : undefined;
  } catch {
    // random worlds need not be sound
    return undefined;
  }
}

/** What is reported once for all objects, at the first. */
const REPORTED_ONCE: readonly unknown[] = ['REQUIRED_INPUT_MISSING'];
const LIST_MISSING = 'the list of entities is missing or has another length';

interface ReportedError {
  readonly path?: Path;
  readonly extensions?: Record<string, unknown>;
}

/** Whether an error stands at a null, above it, or where the null came from, below it. */
function explains({ path, extensions }: ReportedError, place: Path): boolean {
  if (path === undefined) return false;
  const isForAll = REPORTED_ONCE.includes(extensions?.code) || extensions?.reason === LIST_MISSING;
  const length = Math.min(path.length, place.length);
  return path
    .slice(0, length)
    .every((step, i) => step === place[i] || (isForAll && typeof step === 'number' && typeof place[i] === 'number'));
}

/** The places of nulls where there should be something. */
function lost(actual: unknown, expected: unknown, path: Path = []): Path[] {
  if (expected === null || expected === undefined || actual === undefined) return [];
  if (actual === null) return [path];
  if (typeof actual !== 'object' || typeof expected !== 'object') return [];
  return Object.entries(actual).flatMap(([key, inner]) => {
    const step = Array.isArray(actual) ? Number(key) : key;
    return lost(inner, (expected as Record<string, unknown>)[key], [...path, step]);
  });
}

/** The same worlds every time. */
const SETTINGS = { numRuns: 80, seed: 20_260_103 };

test('over random worlds whose answers are spoiled anywhere, each null that is due to it has an error', async () => {
  let nulls = 0;
  const choices = fc.array(fc.nat(1_000_000), { minLength: 40, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(new FuzzCaseArbitrary(4), choices, async (fuzzCase, drawn) => {
      const made = make(fuzzCase);
      if (!made) return;
      let at = 0;
      const next = () => drawn[at++ % drawn.length] as number;
      const sources = new Map([...made.world.sources].map(([name, source]) => [name, spoiling(source, next)]));
      const engine = createEngine({ supergraph: readSupergraph(made.world.supergraphSdl), sources });
      for (const { query, variables } of fuzzCase.queries) {
        const expected = await made.built.expected(query, variables);
        const client = { requestId: 'test', headers: {} };
        const { dataText, errors } = await engine.execute({ query, variables, client });
        if (dataText === undefined) continue;
        const places = lost(JSON.parse(dataText), expected.data);
        nulls += places.length;
        const silent = places.filter((place) => !errors.some((error) => explains(error, place)));
        expect({ query, dataText, errors, silent }).toMatchObject({ silent: [] });
      }
    }),
    { ...SETTINGS, includeErrorInReport: true },
  );
  expect(nulls).toBeGreaterThan(100);
}, 600_000);
