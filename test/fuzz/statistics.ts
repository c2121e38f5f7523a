import type { FuzzCase } from './arbitrary.ts';
import type { FieldDescription, WorldDescription } from './description.ts';
import type { CheckedCase } from './property.ts';

/** Counts in `totals` what a case makes use of. */
export function countFeatures(totals: Map<string, number>, fuzzCase: FuzzCase, checked: CheckedCase): void {
  const add = (name: string, count = 1) => totals.set(name, (totals.get(name) ?? 0) + count);
  add('worlds');
  if (!checked) return;
  add('worlds that compose');
  add('queries', checked.queries);
  add('subgraph requests', checked.requests);
  for (const feature of featuresOf(fuzzCase)) add(`with ${feature}`);
}

/** What of federation a case makes use of. */
export function featuresOf({ world, down }: FuzzCase): Set<string> {
  const found = new Set<string>();
  if (down !== undefined) found.add('a subgraph down');
  const fields = allFields(world);
  const anyField = (name: string, test: (field: FieldDescription) => unknown) => fields.some(test) && found.add(name);
  anyField('@requires', (field) => field.requires);
  anyField('nested @requires', (field) => field.requires?.includes('{'));
  anyField('@requires with arguments', (field) => field.requires?.includes('('));
  anyField('@provides', (field) => Object.keys(field.provides ?? {}).length > 0);
  anyField('@override', (field) => field.overrides);
  anyField('@fromContext', (field) => field.context);
  if (world.mutation) found.add('mutations');
  anyField('progressive @override', (field) => field.overrides && field.label);
  anyField('@inaccessible', (field) => field.inaccessible);
  anyField('@shareable fields', (field) => field.owners.length > 1);
  anyField('errors', (field) => field.fails);
  if (world.contract) found.add(`contracts that ${world.contract}`);
  if (world.requiredFail) found.add('errors in required fields');
  anyField('mismatched nullability', (field) => field.nullableIn);
  anyField('nested keys', (field) => field.keyPart === 'ref' || field.keyPart === 'link');
  if (Object.keys(world.interfaces).length > 0) found.add('interfaces');
  if (Object.keys(world.unions).length > 0) found.add('unions');
  if (world.values.S0) found.add('split values');
  if (Object.values(world.interfaces).some((description) => description.entity)) found.add('@interfaceObject');
  const keys = Object.values(world.entities).flatMap((entity) => Object.values(entity.keys));
  if (keys.some((ofSubgraph) => ofSubgraph.length > 1)) found.add('several keys in a subgraph');
  if (keys.flat().some((key) => key.stub)) found.add('resolvable: false');
  return found;
}

function allFields(world: WorldDescription): FieldDescription[] {
  const objects = Object.values(world.interfaces).flatMap((description) =>
    Object.values(description.entity?.objects ?? {}),
  );
  const lists = [world.query, ...objects, ...Object.values(world.entities).map((entity) => entity.fields)];
  return lists.flatMap((fields) => Object.values(fields));
}

export function printStatistics(totals: ReadonlyMap<string, number>): void {
  const queries = totals.get('queries') ?? 0;
  console.log(
    `\n${totals.get('worlds') ?? 0} worlds, ${totals.get('worlds that compose') ?? 0} of them compose, ${queries} queries`,
  );
  console.log(
    `subgraph requests a query: ${((totals.get('subgraph requests') ?? 0) / Math.max(1, queries)).toFixed(2)}`,
  );
  for (const [name, count] of [...totals]
    .filter(([key]) => key.startsWith('with '))
    .sort(([, left], [, right]) => right - left)) {
    console.log(`${String(count).padStart(6)} ${name}`);
  }
}
