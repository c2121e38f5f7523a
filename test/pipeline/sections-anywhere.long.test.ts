import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { deferGroups } from '../../src/operation/defer-groups.ts';
import type { Operation, OpSelection } from '../../src/operation/operation.ts';
import { FuzzCaseArbitrary } from '../fuzz/arbitrary.ts';
import { buildWorld } from '../fuzz/build.ts';
import { plannerOf } from '../planner/plan.ts';
import { createWorld } from '../worlds/world.ts';

/** The paths of all fields that are not within a fragment on some types only, and not within others of these. */
function pathsOf({ selection }: Operation): string[][] {
  const visit = ({ items }: OpSelection, path: readonly string[]): string[][] =>
    items.flatMap((item) => {
      if (item.kind === 'typeCondition') return [];
      const here = [...path, item.responseKey];
      return [here, ...(item.selection ? visit(item.selection, here) : [])];
    });
  return visit(selection, []);
}

function chosenFrom(paths: readonly string[][], seed: number): string[][] {
  const first = paths[seed % paths.length] ?? [];
  const second = paths[(seed * 7 + 3) % paths.length] ?? [];
  const isWithin = (a: readonly string[], b: readonly string[]) => b.every((key, i) => a[i] === key);
  return isWithin(first, second) || isWithin(second, first) ? [first] : [first, second];
}

function make(fuzzCase: Parameters<typeof buildWorld>[0]) {
  try {
    const built = buildWorld(fuzzCase);
    const world = createWorld({ subgraphs: built.subgraphs });
    return world.engine ? { built, world } : undefined;
  } catch {
    // random worlds need not be sound
    return undefined;
  }
}

test('over random worlds, the rest waits for no section, and an answer in time is the same as without sections', async () => {
  let apart = 0;
  await fc.assert(
    fc.asyncProperty(new FuzzCaseArbitrary(3), fc.nat(1_000), async (fuzzCase, seed) => {
      const made = make(fuzzCase.world);
      if (!made) return;
      const { supergraph } = made.world.engine;
      const { stages } = plannerOf(supergraph);
      for (const { query, variables } of fuzzCase.queries) {
        const plain = await made.world.query(query, variables);
        if (plain.dataText === undefined || /^\s*mutation/.test(query)) continue;
        const paths = chosenFrom(pathsOf(stages(query, variables).operation), seed);
        const { plan } = stages(
          query,
          variables,
          paths.map((path) => path.join('.')),
        );
        for (const { groups: own, dependsOn } of plan.requests) {
          const needed = dependsOn.map((id) => plan.requests[id]?.groups);
          if (own === undefined) expect(needed).toEqual(needed.map(() => undefined));
          else apart += 1;
        }
        // null stops at a section, whatever its type, so an error may leave more
        if (plain.errors.length > 0) continue;
        const sections = deferGroups(paths.map((path) => ({ path, timeoutMs: 60_000 })));
        const client = { requestId: 'test', headers: {} };
        const { dataText } = await made.world.engine.execute({ query, variables, client, deferGroups: sections });
        expect({ query, paths, dataText }).toEqual({ query, paths, dataText: plain.dataText });
      }
    }),
    { numRuns: 60, seed: 20_260_103, includeErrorInReport: true },
  );
  expect(apart).toBeGreaterThan(60);
}, 600_000);
