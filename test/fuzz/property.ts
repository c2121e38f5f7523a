import { transformSupergraphToPublicSchema } from '@theguild/federation-composition';
import { buildASTSchema, type ExecutionResult, parse, validate } from 'graphql';
import { createWorld, type World, type WorldAnswer } from '../worlds/world.ts';
import type { FuzzCase } from './arbitrary.ts';
import { type BuiltWorld, buildWorld } from './build.ts';
import type { GeneratedQuery } from './generate-query.ts';
import { isLabelOn } from './model.ts';

/** What came of checking a case: how many subgraph requests its queries took; `undefined` if the world does not compose. */
export type CheckedCase = { readonly requests: number; readonly queries: number } | undefined;

/**
 * Asks our engine and the monolith the same and throws a `Disagreement` where they differ: in data or the order of its
 * keys, in whether there are errors, or by a document that its subgraph does not accept.
 */
export async function checkCase({ world: description, queries, down }: FuzzCase): Promise<CheckedCase> {
  const made = makeWorld(description);
  if (!made) return undefined;
  const { built, world } = made;
  if (down !== undefined) world.fault({ kind: 'failure', subgraph: down });
  let requests = 0;
  for (const query of queries) {
    const expected = await built.expected(query.query, query.variables);
    const complaint = await askAndCompare(world, query, expected, {
      degraded: down !== undefined,
      contract: description.contract && 'fuzz',
      lenient: description.requiredFail ?? false,
    });
    if (complaint) throw new Disagreement(built, query, down, expected, complaint);
    requests = world.requests.length;
  }
  return { requests, queries: queries.length };
}

const CONTRACTS = {
  include: { name: 'fuzz', include: ['shown'], exclude: [] },
  exclude: { name: 'fuzz', include: [], exclude: ['hidden'] },
};

export function makeWorld(description: FuzzCase['world']): { built: BuiltWorld; world: World } | undefined {
  try {
    const built = buildWorld(description);
    const overrideLabels = (labels: readonly string[]) => labels.filter((label) => isLabelOn(description, label));
    const contracts = description.contract ? [CONTRACTS[description.contract]] : [];
    const world = createWorld({ subgraphs: built.subgraphs, engine: { overrideLabels, contracts } });
    return { built, world };
  } catch {
    // Random worlds need not be sound: nothing of ours has run yet, and the test counts how many are left out.
    return undefined;
  }
}

async function askAndCompare(
  world: World,
  { query, variables }: GeneratedQuery,
  expected: ExecutionResult,
  { degraded, contract, lenient }: { degraded: boolean; contract: string | undefined; lenient: boolean },
): Promise<string | undefined> {
  let answer: WorldAnswer;
  try {
    answer = await world.query(query, variables, contract);
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  if (answer.dataText === undefined && !isValidQuery(world.supergraphSdl, query)) return undefined;
  if (answer.dataText === undefined) return `refused: ${JSON.stringify(answer.errors)}`;
  if (degraded) return compareDegraded(answer, expected);
  const expectsErrors = (expected.errors ?? []).length > 0;
  // an object that an error below it made null is null for those who require it: that is reported, and nothing else is certain
  if (lenient && expectsErrors && answer.errors.length > 0) return undefined;
  if (answer.dataText === JSON.stringify(expected.data) && expectsErrors === answer.errors.length > 0) return undefined;
  return `actual: ${answer.dataText}\nerrors: ${JSON.stringify(answer.errors)}`;
}

/** Whether the composition library, too, takes the query for one of the composed schema: shrunk worlds may have lost fields. */
function isValidQuery(supergraphSdl: string, query: string): boolean {
  const publicSchema = buildASTSchema(transformSupergraphToPublicSchema(parse(supergraphSdl)));
  return validate(publicSchema, parse(query)).length === 0;
}

/** With a subgraph down, data may be missing, but never wrong, and never without an error that says so. */
function compareDegraded(answer: WorldAnswer, expected: ExecutionResult): string | undefined {
  const missing: (string | number)[][] = [];
  const wrong = findDifference(answer.data, expected.data, [], missing);
  const silent = missing.find((path) => !answer.errors.some((error) => touches(error.path ?? [], path)));
  if (wrong === undefined && silent === undefined) return undefined;
  const what = wrong ?? `null without an error at ${silent?.join('.')}`;
  return `${what}\nactual: ${answer.dataText}\nerrors: ${JSON.stringify(answer.errors)}`;
}

/** Whether one path is the beginning of the other. A failed request is reported once, whatever the number of list items. */
function touches(left: readonly (string | number)[], right: readonly (string | number)[]): boolean {
  const length = Math.min(left.length, right.length);
  const isSame = (key: string | number, index: number) => key === right[index] || typeof key === 'number';
  return left.slice(0, length).every(isSame);
}

/** Says where a value is neither the expected one nor null; collects the paths of nulls that were not expected. */
function findDifference(
  actual: unknown,
  expected: unknown,
  path: (string | number)[],
  missing: (string | number)[][],
): string | undefined {
  if (actual === null && expected !== null) {
    missing.push(path);
    return undefined;
  }
  if (typeof actual !== 'object' || typeof expected !== 'object' || actual === null || expected === null) {
    return Object.is(actual, expected)
      ? undefined
      : `wrong value at ${path.join('.')}: ${JSON.stringify(actual)} for ${JSON.stringify(expected)}`;
  }
  if (Object.keys(actual).join() !== Object.keys(expected).join())
    return `other keys at ${path.join('.')}: ${Object.keys(actual).join()}`;
  for (const [key, inner] of Object.entries(expected)) {
    const found = findDifference(
      (actual as Record<string, unknown>)[key],
      inner,
      [...path, Array.isArray(expected) ? Number(key) : key],
      missing,
    );
    if (found) return found;
  }
  return undefined;
}

/** Our answer is not the monolith's. The message holds everything that is needed to see it again. */
export class Disagreement extends Error {
  override readonly name = 'Disagreement';

  constructor(
    built: BuiltWorld,
    { query, variables }: GeneratedQuery,
    down: string | undefined,
    expected: ExecutionResult,
    complaint: string,
  ) {
    const subgraphs = Object.entries(built.subgraphs).map(
      ([name, { typeDefs }]) => `# subgraph ${name}${name === down ? ' (down)' : ''}\n${typeDefs}`,
    );
    super(
      [
        ...subgraphs,
        `# query\n${query}`,
        `# variables\n${JSON.stringify(variables)}`,
        `# expected\n${JSON.stringify(expected)}`,
        `# found\n${complaint}`,
      ].join('\n'),
    );
  }
}
