import * as fc from 'fast-check';
import { buildWorld } from './build.ts';
import { Chance } from './chance.ts';
import type { WorldDescription } from './description.ts';
import { generateWorld } from './generate.ts';
import { type GeneratedQuery, generateQuery } from './generate-query.ts';
import { fitQuery, smallerQueries } from './shrink-query.ts';
import { smallerWorlds } from './shrink-world.ts';

/** A world and queries to ask it; with `down`, that subgraph does not answer. */
export interface FuzzCase {
  readonly world: WorldDescription;
  readonly queries: readonly GeneratedQuery[];
  readonly down?: string;
}

/** Random cases. They shrink by leaving out queries, then parts of the query, then parts of the world. */
export class FuzzCaseArbitrary extends fc.Arbitrary<FuzzCase> {
  readonly queriesPerWorld: number;

  constructor(queriesPerWorld: number) {
    super();
    this.queriesPerWorld = queriesPerWorld;
  }

  override generate(random: fc.Random): fc.Value<FuzzCase> {
    const chance = new Chance(random);
    const world = generateWorld(chance);
    const schema = publicSchemaOf(world);
    const preferred = takersOf(world);
    const queries = Array.from({ length: schema ? this.queriesPerWorld : 0 }, () =>
      generateQuery(chance, schema as NonNullable<typeof schema>, chance.between(2, 40), preferred),
    );
    const down = chance.happens(0.15) ? { down: chance.one(world.subgraphs) } : {};
    return new fc.Value({ world, queries, ...down }, undefined);
  }

  override canShrinkWithoutContext(value: unknown): value is FuzzCase {
    return typeof value === 'object' && value !== null && 'world' in value;
  }

  override shrink(value: FuzzCase): fc.Stream<fc.Value<FuzzCase>> {
    return fc.stream(smallerCases(value)).map((smaller) => new fc.Value(smaller, undefined));
  }
}

/** Fields that take something from a context, `Type.field`: few ways lead to them. */
function takersOf(world: WorldDescription): Set<string> {
  const takers = new Set<string>();
  for (const [type, { fields }] of Object.entries(world.entities)) {
    for (const [name, { context }] of Object.entries(fields)) if (context) takers.add(`${type}.${name}`);
  }
  return takers;
}

function publicSchemaOf(world: WorldDescription) {
  try {
    return buildWorld(world).publicSchema;
  } catch {
    return undefined;
  }
}

function* smallerCases(value: FuzzCase): IterableIterator<FuzzCase> {
  const [query] = value.queries;
  if (value.queries.length > 1) {
    for (const single of value.queries) yield { ...value, queries: [single] };
    return;
  }
  const schema = publicSchemaOf(value.world);
  if (!query || !schema) return;
  if (value.down !== undefined) yield { world: value.world, queries: value.queries };
  const size = (candidate: GeneratedQuery) => JSON.stringify(candidate).length;
  const fittedQuery = fitQuery(schema, query);
  if (fittedQuery && size(fittedQuery) < size(query)) yield { ...value, queries: [fittedQuery] };
  for (const smaller of smallerQueries(query)) {
    const fitted = fitQuery(schema, smaller);
    if (fitted && fitted.query !== query.query) yield { ...value, queries: [fitted] };
  }
  for (const world of smallerWorlds(value.world)) {
    if (value.down !== undefined && !world.subgraphs.includes(value.down)) continue;
    const smallerSchema = publicSchemaOf(world);
    const fitted = smallerSchema && fitQuery(smallerSchema, query);
    if (fitted) yield { ...value, world, queries: [fitted] };
  }
}
