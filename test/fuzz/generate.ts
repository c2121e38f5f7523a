import type { Chance } from './chance.ts';
import { type FieldDescription, SCALARS, type WorldDescription } from './description.ts';
import { addContext } from './generate-contexts.ts';
import { addOverlaps, addRequires } from './generate-field-sets.ts';
import { fieldsOfType, interfaceFieldsIn } from './model.ts';
import { WorldBuilder } from './world-builder.ts';

/** A random world. Most compose; those that do not are for the caller to pass over. */
export function generateWorld(chance: Chance): WorldDescription {
  const builder = new WorldBuilder(chance, ['a', 'b', 'c', 'd', 'e'].slice(0, chance.between(2, 5)));
  const { world } = builder;
  if (chance.happens(0.4)) addEnum(builder);
  const entityCount = chance.between(1, 4);
  for (let index = 0; index < entityCount; index++) builder.addEntity(`E${index}`);
  const valueCount = chance.between(0, 2);
  for (let index = 0; index < valueCount; index++) addValue(builder, `V${index}`);
  if (chance.happens(0.5)) addInterface(builder, 'I0');
  if (chance.happens(0.2)) addInterface(builder, 'I1');
  if (chance.happens(0.35)) addUnion(builder, 'U0');
  addInterfaceObject(builder);
  addEntityFields(builder);
  addRootFields(builder);
  if (chance.happens(0.3)) addSplitValue(builder, 'S0');
  if (chance.happens(0.25)) addMutations(builder);
  addRequires(builder);
  addOverlaps(builder);
  if (chance.happens(0.35)) addContext(builder);
  if (chance.happens(0.2)) addContract(builder);
  if (builder.mode === 'errors' && chance.happens(0.5)) world.requiredFail = true;
  return world;
}

/** Hides some fields; those that interfaces promise are named otherwise. */
function addContract({ chance, world }: WorldBuilder): void {
  world.contract = chance.one(['include', 'exclude'] as const);
  const own = Object.values(world.entities).flatMap(({ fields }) => Object.entries(fields));
  for (const [name, field] of own) if (/^f\d/.test(name) && chance.happens(0.3)) field.uncontracted = true;
}

function outputTypes({ world }: WorldBuilder): string[] {
  const composites = [
    ...Object.keys(world.entities),
    ...Object.keys(world.values).filter((name) => !name.endsWith('Ref')),
  ];
  return [
    ...composites,
    ...composites,
    ...Object.keys(world.interfaces),
    ...Object.keys(world.unions),
    ...leafTypes(world),
    ...leafTypes(world),
  ];
}

function leafTypes(world: WorldDescription): string[] {
  return [...SCALARS, ...Object.keys(world.enums)];
}

function addEnum({ chance, world }: WorldBuilder): void {
  world.enums.C0 = { values: ['RED', 'GREEN', 'BLUE'] };
  if (chance.happens(0.4)) world.enums.C0.partly = { [chance.one(world.subgraphs)]: ['RED', 'BLUE'] };
}

/** An object type that has the same fields wherever it is. */
function addValue(builder: WorldBuilder, name: string): void {
  const { chance, world } = builder;
  const fields: Record<string, FieldDescription> = {};
  const types = [
    ...leafTypes(world),
    ...Object.keys(world.values).filter((type) => !type.endsWith('Ref')),
    ...Object.keys(world.entities),
  ];
  const count = chance.between(1, 4);
  for (let index = 0; index < count; index++) {
    const type = index === 0 ? chance.one(SCALARS) : chance.one(types);
    const field: FieldDescription = { type, wrapping: chance.one(['', '!', '[!]', '[]!']), owners: [] };
    if (builder.mode === 'errors' && chance.happens(0.15)) field.fails = true;
    if (chance.happens(0.2)) field.args = builder.args();
    fields[`f${index}`] = field;
  }
  // Partly known enums have no place here: every subgraph that has the type must be able to give each value.
  for (const field of Object.values(fields)) if (world.enums[field.type]?.partly) field.type = 'Int';
  world.values[name] = { fields };
}

/** An interface of some entities and values, most of whose fields its home subgraph resolves. */
function addInterface(builder: WorldBuilder, name: string): void {
  const { chance, world } = builder;
  const home = chance.one(world.subgraphs);
  const locals = fullMembers(world, home);
  const values = Object.keys(world.values).filter((value) => !value.endsWith('Ref') && !implementsAny(world, value));
  const types = [...chance.some(locals, chance.between(1, 3)), ...(chance.happens(0.3) ? chance.some(values, 1) : [])];
  if (types.length === 0) return;
  const description = { members: {} as Record<string, string[]>, fields: [] as string[] };
  world.interfaces[name] = description;
  if (types.every((type) => world.entities[type]?.fields.id)) description.fields.push('id');
  const count = chance.between(1, 3);
  for (let index = 0; index < count; index++) {
    const field = `${name.toLowerCase()}${index}`;
    description.fields.push(field);
    const shape: FieldDescription = {
      type: chance.one([...leafTypes(world), ...Object.keys(world.entities)]),
      wrapping: chance.one(['', '!', '[!]', '[]']),
      owners: [],
    };
    if (chance.happens(0.2)) shape.args = builder.args();
    for (const type of types) addMemberField(builder, type, field, shape, home);
  }
  description.members[home] = types;
  for (const type of types) builder.ensureType(home, type);
  for (const other of world.subgraphs) {
    const there = types.filter((type) => world.entities[type]?.keys[other]?.some((key) => !key.stub));
    if (other !== home && there.length > 0 && chance.happens(0.35)) description.members[other] = there;
  }
  dropEmptyDefinitions(world, name);
}

/** An interface without fields is none: subgraphs in which its members have nothing in common do not define it. */
function dropEmptyDefinitions(world: WorldDescription, name: string): void {
  const members = world.interfaces[name]?.members ?? {};
  for (const subgraph of Object.keys(members)) {
    if (interfaceFieldsIn(world, subgraph, name).length === 0) delete members[subgraph];
  }
  if (Object.keys(members).length === 0) delete world.interfaces[name];
}

function addMemberField(
  builder: WorldBuilder,
  type: string,
  name: string,
  shape: FieldDescription,
  home: string,
): void {
  const { chance, world } = builder;
  const entity = world.entities[type];
  if (!entity) {
    const value = world.values[type];
    if (value) value.fields[name] = { ...shape, owners: [] };
    return;
  }
  const elsewhere = Object.keys(entity.keys).filter((subgraph) => entity.keys[subgraph]?.some((key) => !key.stub));
  const owners = chance.happens(0.7) ? [home] : [chance.one(elsewhere)];
  if (chance.happens(0.15))
    owners.push(
      ...chance.some(
        elsewhere.filter((subgraph) => !owners.includes(subgraph)),
        1,
      ),
    );
  for (const owner of owners) builder.ensureType(owner, shape.type);
  entity.fields[name] = { ...shape, owners };
}

/** Entities that a subgraph knows with a key that can be resolved there. */
function fullMembers(world: WorldDescription, subgraph: string): string[] {
  return Object.keys(world.entities).filter((name) => world.entities[name]?.keys[subgraph]?.some((key) => !key.stub));
}

function implementsAny(world: WorldDescription, type: string): boolean {
  return Object.values(world.interfaces).some(({ members }) => Object.values(members).flat().includes(type));
}

function addUnion(builder: WorldBuilder, name: string): void {
  const { chance, world } = builder;
  const members: Record<string, string[]> = {};
  for (const subgraph of chance.some(world.subgraphs, chance.between(1, 2))) {
    const values = Object.keys(world.values).filter((value) => !value.endsWith('Ref'));
    const known = Object.keys(world.entities).filter((entity) => world.entities[entity]?.keys[subgraph]);
    const types = chance.some([...known, ...values], chance.between(1, 3));
    for (const type of types) builder.ensureType(subgraph, type);
    if (types.length > 0) members[subgraph] = types;
  }
  if (Object.keys(members).length > 0) world.unions[name] = { members };
}

/** Turns an interface whose members all have `id` keys in one subgraph into an entity that another subgraph extends. */
function addInterfaceObject(builder: WorldBuilder): void {
  const { chance, world } = builder;
  // a type may implement two interfaces: their fields differ by name
  for (const [name, description] of Object.entries(world.interfaces)) {
    const [home] = Object.keys(description.members);
    if (home === undefined || !description.fields.includes('id') || chance.happens(0.25)) continue;
    const types = description.members[home] ?? [];
    const withId = (type: string) => world.entities[type]?.keys[home]?.some((key) => key.fields === 'id' && !key.stub);
    if (!types.every(withId)) continue;
    const free = world.subgraphs.filter(
      (subgraph) => types.every((type) => !world.entities[type]?.keys[subgraph]) && !description.members[subgraph],
    );
    if (free.length === 0) continue;
    const fields: Record<string, FieldDescription> = {};
    const subgraph = chance.one(free);
    description.entity = { key: 'id', home, objects: { [subgraph]: fields } };
    const count = chance.between(1, 2);
    const foreign = Object.keys(world.entities).filter((name) => !types.includes(name));
    for (let index = 0; index < count; index++)
      builder.addField(fields, `${name.toLowerCase()}o${index}`, [subgraph], [...leafTypes(world), ...foreign]);
    for (const field of Object.values(fields)) delete field.overrides;
  }
}

function addEntityFields(builder: WorldBuilder): void {
  const { chance, world } = builder;
  for (const entity of Object.values(world.entities)) {
    const subgraphs = Object.keys(entity.keys).filter((subgraph) => entity.keys[subgraph]?.some((key) => !key.stub));
    const count = chance.between(1, 6);
    for (let index = 0; index < count; index++) {
      const name = `f${index}`;
      builder.addField(entity.fields, name, subgraphs, outputTypes(builder));
      const field = entity.fields[name];
      if (field && !builder.isComposite(field.type) && chance.happens(0.08)) field.inaccessible = true;
    }
  }
}

function addRootFields(builder: WorldBuilder): void {
  const { chance, world } = builder;
  const { query } = world;
  for (const type of [...Object.keys(world.entities), ...Object.keys(world.interfaces), ...Object.keys(world.unions)]) {
    const subgraphs = world.subgraphs.filter((subgraph) =>
      world.entities[type] ? world.entities[type].keys[subgraph] : builder.canOwn(subgraph, type),
    );
    if (chance.happens(0.85)) builder.addField(query, `${type.toLowerCase()}s`, subgraphs, [type]);
  }
  const count = chance.between(1, 3);
  for (let index = 0; index < count; index++)
    builder.addField(query, `q${index}`, world.subgraphs, outputTypes(builder));
  // An override of a root field says nothing new, and the one below must always be there.
  for (const field of Object.values(query)) delete field.overrides;
  query.ok ??= { type: 'Boolean', wrapping: '!', owners: [chance.one(world.subgraphs)] };
}

/** Fields that mutations start at, each of one subgraph. */
function addMutations(builder: WorldBuilder): void {
  const { chance, world } = builder;
  const mutation: Record<string, FieldDescription> = {};
  const count = chance.between(2, 4);
  for (let index = 0; index < count; index++)
    builder.addField(mutation, `m${index}`, [chance.one(world.subgraphs)], outputTypes(builder));
  for (const field of Object.values(mutation)) delete field.overrides;
  if (Object.keys(mutation).length > 0) world.mutation = mutation;
}

/** A value of which each subgraph knows other fields; they share the one field that leads to it. */
function addSplitValue(builder: WorldBuilder, name: string): void {
  const { chance, world } = builder;
  const parent = chance.one(['Query', ...Object.keys(world.entities)]);
  const entity = world.entities[parent];
  const fields = entity?.fields ?? world.query;
  const subgraphs = entity ? fullEntitySubgraphs(entity.keys) : world.subgraphs;
  const owners = chance.some(subgraphs, 2);
  if (owners.length < 2) return;
  const value: Record<string, FieldDescription> = {};
  for (const owner of owners) {
    value[`only${owner}`] = { type: chance.one(leafTypes(world)), wrapping: chance.one(['', '!']), owners: [owner] };
  }
  value.both = { type: chance.one(SCALARS), wrapping: '', owners: [] };
  world.values[name] = { fields: value };
  if (!fieldsOfType(world, parent).has('split'))
    fields.split = { type: name, wrapping: chance.one(['', '!', '[]', '[!]!']), owners };
}

function fullEntitySubgraphs(keys: Record<string, { stub?: true }[]>): string[] {
  return Object.keys(keys).filter((subgraph) => keys[subgraph]?.some((key) => !key.stub));
}
