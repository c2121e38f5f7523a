import { print } from 'graphql';
import type { FieldDescription, WorldDescription } from './description.ts';
import { fieldLists, readFieldSet } from './model.ts';

/** Smaller versions of a world, the greatest cuts first. Not all compose. */
export function* smallerWorlds(world: WorldDescription): Iterable<WorldDescription> {
  for (const subgraph of world.subgraphs) yield changed(world, (copy) => removeSubgraph(copy, subgraph));
  for (const type of typeNames(world)) yield changed(world, (copy) => removeType(copy, type));
  for (const type of typeNames(world)) yield* withoutMembers(world, type);
  yield* withFewerFields(world);
  yield* withFewerKeys(world);
  yield* withPlainerFields(world);
  for (const [name, description] of Object.entries(world.interfaces)) {
    if (description.entity) yield changed(world, (copy) => delete copy.interfaces[name]?.entity);
    for (const field of description.fields) {
      yield changed(world, (copy) => removeFrom((copy.interfaces[name] as { fields: string[] }).fields, field));
    }
  }
  if (world.mutation) yield changed(world, (copy) => delete copy.mutation);
  if (world.contract) yield changed(world, (copy) => delete copy.contract);
  for (const [name, { setters }] of Object.entries(world.contexts ?? {})) {
    yield changed(world, (copy) => delete copy.contexts);
    for (const setter of Object.keys(setters))
      yield changed(world, (copy) => delete copy.contexts?.[name]?.setters[setter]);
  }
  for (const name of Object.keys(world.enums)) {
    if (world.enums[name]?.partly) yield changed(world, (copy) => delete copy.enums[name]?.partly);
  }
}

function changed(world: WorldDescription, change: (copy: WorldDescription) => unknown): WorldDescription {
  const copy = structuredClone(world);
  change(copy);
  return copy;
}

function removeFrom<T>(list: T[], item: T): void {
  const index = list.indexOf(item);
  if (index >= 0) list.splice(index, 1);
}

function typeNames(world: WorldDescription): string[] {
  return [world.entities, world.values, world.interfaces, world.unions, world.enums].flatMap((types) =>
    Object.keys(types),
  );
}

function removeSubgraph(world: WorldDescription, subgraph: string): void {
  removeFrom(world.subgraphs, subgraph);
  for (const fields of fieldLists(world)) {
    for (const [name, field] of Object.entries(fields)) {
      delete field.provides?.[subgraph];
      if (field.overrides === subgraph) delete field.overrides;
      if (field.nullableIn) removeFrom(field.nullableIn, subgraph);
      if (!field.owners.includes(subgraph)) continue;
      removeFrom(field.owners, subgraph);
      if (field.owners.length === 0 && !field.keyPart) delete fields[name];
    }
  }
  for (const entity of Object.values(world.entities)) delete entity.keys[subgraph];
  for (const { members } of [...Object.values(world.interfaces), ...Object.values(world.unions)])
    delete members[subgraph];
  for (const { entity } of Object.values(world.interfaces)) delete entity?.objects[subgraph];
}

function removeType(world: WorldDescription, type: string): void {
  for (const types of [world.entities, world.values, world.interfaces, world.unions, world.enums]) delete types[type];
  for (const fields of fieldLists(world)) {
    for (const [name, field] of Object.entries(fields)) if (field.type === type) delete fields[name];
  }
  for (const { members } of [...Object.values(world.interfaces), ...Object.values(world.unions)]) {
    for (const [subgraph, types] of Object.entries(members)) {
      removeFrom(types, type);
      if (types.length === 0) delete members[subgraph];
    }
  }
}

function* withoutMembers(world: WorldDescription, type: string): Iterable<WorldDescription> {
  const members = (world.interfaces[type] ?? world.unions[type])?.members ?? {};
  for (const [subgraph, types] of Object.entries(members)) {
    yield changed(world, (copy) => delete (copy.interfaces[type] ?? copy.unions[type])?.members[subgraph]);
    for (const member of types.length > 1 ? types : []) {
      yield changed(world, (copy) =>
        removeFrom((copy.interfaces[type] ?? copy.unions[type])?.members[subgraph] ?? [], member),
      );
    }
  }
}

function* withFewerFields(world: WorldDescription): Iterable<WorldDescription> {
  for (const [list, fields] of fieldLists(world).entries()) {
    for (const name of Object.keys(fields)) yield changed(world, (copy) => delete fieldLists(copy)[list]?.[name]);
  }
}

function* withFewerKeys(world: WorldDescription): Iterable<WorldDescription> {
  for (const [name, entity] of Object.entries(world.entities)) {
    for (const [subgraph, keys] of Object.entries(entity.keys)) {
      yield changed(world, (copy) => delete copy.entities[name]?.keys[subgraph]);
      for (const index of keys.keys()) {
        if (keys.length > 1) yield changed(world, (copy) => copy.entities[name]?.keys[subgraph]?.splice(index, 1));
        if (keys[index]?.stub)
          yield changed(world, (copy) => delete copy.entities[name]?.keys[subgraph]?.[index]?.stub);
      }
    }
  }
}

const OPTIONAL = [
  'requires',
  'context',
  'provides',
  'label',
  'overrides',
  'inaccessible',
  'uncontracted',
  'fails',
  'args',
  'nullableIn',
] as const;

function* withPlainerFields(world: WorldDescription): Iterable<WorldDescription> {
  for (const [list, fields] of fieldLists(world).entries()) {
    for (const [name, field] of Object.entries(fields)) {
      const change = (apply: (field: FieldDescription) => unknown) =>
        changed(world, (copy) => apply(fieldLists(copy)[list]?.[name] as FieldDescription));
      for (const option of OPTIONAL) if (field[option] !== undefined) yield change((copy) => delete copy[option]);
      for (const owner of field.owners.length > 1 ? field.owners : [])
        yield change((copy) => removeFrom(copy.owners, owner));
      for (const arg of Object.keys(field.args ?? {})) yield change((copy) => delete copy.args?.[arg]);
      if (field.requires)
        for (const text of smallerFieldSets(field.requires)) yield change((copy) => (copy.requires = text));
      for (const [subgraph, text] of Object.entries(field.provides ?? {})) {
        for (const smaller of smallerFieldSets(text))
          yield change((copy) => ((copy.provides as Record<string, string>)[subgraph] = smaller));
      }
      if (!field.keyPart && field.wrapping.includes('[')) yield change((copy) => (copy.wrapping = '!'));
      if (!field.keyPart && field.wrapping !== '!') yield change((copy) => (copy.wrapping = '!'));
    }
  }
}

function smallerFieldSets(text: string): string[] {
  const { selections } = readFieldSet(text);
  if (selections.length < 2) return [];
  return selections.map((dropped) =>
    selections
      .filter((node) => node !== dropped)
      .map((node) => print(node).replace(/\s+/g, ' '))
      .join(' '),
  );
}
