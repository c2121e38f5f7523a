import type { ContextDescription, FieldDescription, WorldDescription } from './description.ts';
import { neededFields, roleIn } from './model.ts';
import type { WorldBuilder } from './world-builder.ts';

const TYPES = ['String', 'Int', 'Boolean', 'ID'] as const;

/**
 * Lets some fields of one subgraph take a value from a context, which `Query` sets, so that every way has it, and some
 * entities nearer by.
 */
export function addContext(builder: WorldBuilder): void {
  const { chance, world } = builder;
  const subgraph = chance.one(world.subgraphs);
  const type = chance.one(TYPES);
  const context: ContextDescription = { subgraph, type, setters: { Query: 'held' } };
  for (const [name, entity] of Object.entries(world.entities)) {
    if (!entity.keys[subgraph]) continue;
    const fields = Object.keys(entity.fields).filter((field) => isReadable(world, context, name, field));
    if (fields.length > 0 && chance.happens(0.5)) context.setters[name] = chance.one(fields);
  }
  const needed = neededFields(world);
  // fields that an interface promises cannot take anything from a context: those are named otherwise
  const takers = Object.entries(world.entities).flatMap(([name, entity]) => {
    if (!entity.keys[subgraph]?.some((key) => !key.stub)) return [];
    return Object.entries(entity.fields).flatMap(([field, description]) =>
      /^f\d/.test(field) &&
      canTake(description, subgraph) &&
      !needed.has(`${name}.${field}`) &&
      context.setters[name] !== field
        ? [description]
        : [],
    );
  });
  if (takers.length === 0) return;
  world.query.held = { type, wrapping: chance.one(['', '!']), owners: [subgraph] };
  world.contexts = { c0: context };
  for (const taker of chance.some(takers, chance.between(1, 3))) taker.context = 'c0';
}

/** Whether a field can be what a context holds: a plain value of its type that the subgraph has, or may name as external. */
function isReadable(
  world: WorldDescription,
  { subgraph, type }: ContextDescription,
  on: string,
  name: string,
): boolean {
  const field = world.entities[on]?.fields[name];
  if (!field || field.type !== type || !['', '!'].includes(field.wrapping)) return false;
  if (field.args || field.nullableIn || field.context || field.keyPart) return false;
  return roleIn(world, subgraph, on, name) !== 'overridden';
}

function canTake(field: FieldDescription, subgraph: string): boolean {
  return field.owners.length === 1 && field.owners[0] === subgraph && !field.keyPart && !field.overrides;
}
