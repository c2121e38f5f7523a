import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { isObjectType } from 'graphql';
import { expect, test } from 'vitest';
import type { OperationPolicy } from '../../src/pipeline/operation-policy.ts';
import { type FuzzCase, FuzzCaseArbitrary } from '../fuzz/arbitrary.ts';
import { type BuiltWorld, buildWorld } from '../fuzz/build.ts';
import { createWorld, type World } from '../worlds/world.ts';
import { fieldsOf } from './dropping.ts';

/** About a quarter of all names, others for each salt. */
const isDropped = (name: string, salt: number): boolean =>
  (createHash('sha1').update(`${name} ${salt}`).digest()[0] as number) % 4 === 0;

function dropping(salt: number): OperationPolicy {
  return {
    inspect(operation) {
      const error = { message: 'dropped', extensions: { code: 'DROPPED' } };
      const drop = fieldsOf(operation)
        .filter(({ field }) => isDropped(field.name, salt))
        .map(({ field }) => ({ field, error }));
      return drop.length === 0 ? undefined : { check: () => ({ drop }) };
    },
  };
}

function make(fuzzCase: FuzzCase, salt: number): { built: BuiltWorld; world: World } | undefined {
  try {
    const built = buildWorld(fuzzCase.world);
    for (const type of Object.values(built.publicSchema.getTypeMap())) {
      if (!isObjectType(type) || type.name.startsWith('__')) continue;
      for (const field of Object.values(type.getFields())) {
        if (!isDropped(field.name, salt)) continue;
        field.resolve = () => {
          throw new Error('dropped');
        };
      }
    }
    const world = createWorld({ subgraphs: built.subgraphs, engine: { policies: [dropping(salt)] } });
    return world.engine ? { built, world } : undefined;
  } catch {
    // random worlds need not be sound
    return undefined;
  }
}

/** The same worlds every time. */
const SETTINGS = { numRuns: 60, seed: 20_260_102 };

test('over random worlds, dropped fields are null as if each had failed, and all else is as before', async () => {
  let answered = 0;
  let lost = 0;
  await fc.assert(
    fc.asyncProperty(new FuzzCaseArbitrary(4), fc.nat(1_000), async (fuzzCase, salt) => {
      const made = make(fuzzCase, salt);
      if (!made) return;
      for (const { query, variables } of fuzzCase.queries) {
        const expected = await made.built.expected(query, variables);
        const { dataText, errors } = await made.world.query(query, variables);
        if (dataText === undefined) continue;
        expect({ query, dataText }).toEqual({ query, dataText: JSON.stringify(expected.data) });
        answered += 1;
        lost += errors.filter(({ extensions }) => extensions?.code === 'DROPPED').length;
      }
    }),
    { ...SETTINGS, includeErrorInReport: true },
  );
  expect(answered).toBeGreaterThan(60);
  expect(lost).toBeGreaterThan(answered);
}, 600_000);
