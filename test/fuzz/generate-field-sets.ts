import type { FieldDescription, WorldDescription } from './description.ts';
import { fieldsOfType, interfaceFieldsIn, membersIn, resolvesIn, roleIn } from './model.ts';
import type { WorldBuilder } from './world-builder.ts';

/** Lets some fields require others of their entity, that other subgraphs resolve. */
export function addRequires(builder: WorldBuilder): void {
  const { chance, world } = builder;
  for (const [type, entity] of Object.entries(world.entities)) {
    const names = Object.keys(entity.fields);
    for (const [index, name] of names.entries()) {
      const field = entity.fields[name] as FieldDescription;
      if (field.owners.length !== 1 || field.overrides || field.keyPart || !chance.happens(0.4)) continue;
      // Only what stands before it: so that no field requires itself in the end.
      const text = requirement(builder, type, names.slice(0, index), field.owners[0] as string, true);
      if (text) field.requires = text;
    }
  }
  for (const [name, description] of Object.entries(world.interfaces)) {
    for (const [subgraph, fields] of Object.entries(description.entity?.objects ?? {})) {
      const home = description.entity?.home ?? '';
      const known = interfaceFieldsIn(world, home, name).filter((field) => field !== 'id');
      for (const field of Object.values(fields)) {
        const type = description.members[home]?.[0] ?? '';
        const plain = known.filter(
          (candidate) =>
            isLeaf(world, fieldsOfType(world, type).get(candidate)?.field) &&
            noneRequires(world, description.members[home] ?? [], candidate),
        );
        if (field.owners.includes(subgraph) && plain.length > 0 && chance.happens(0.5)) {
          field.requires = plain
            .map((candidate) => withArguments(builder, candidate, fieldsOfType(world, type).get(candidate)?.field))
            .join(' ');
        }
      }
    }
  }
}

function noneRequires(world: WorldDescription, types: readonly string[], name: string): boolean {
  return types.every((type) => !fieldsOfType(world, type).get(name)?.field.requires);
}

/** Lets some fields provide parts of the entities that they lead to. */
export function addOverlaps(builder: WorldBuilder): void {
  const { chance, world } = builder;
  const lists = [world.query, ...Object.values(world.entities).map((entity) => entity.fields)];
  for (const field of lists.flatMap((fields) => Object.values(fields))) {
    if (field.keyPart || field.owners.length !== 1 || field.overrides) continue;
    const subgraph = field.owners[0] as string;
    const text = chance.happens(0.45) ? provision(builder, field.type, subgraph) : undefined;
    if (text) field.provides = { [subgraph]: text };
  }
}

function provision(builder: WorldBuilder, type: string, subgraph: string): string | undefined {
  const { chance, world } = builder;
  if (world.interfaces[type] || world.unions[type]) {
    const member = chance.one(
      ['', ...membersIn(world, subgraph, type)].slice(1).length > 0 ? membersIn(world, subgraph, type) : [''],
    );
    const inner = world.entities[member]?.keys[subgraph] ? providedFields(builder, member, subgraph) : undefined;
    return inner === undefined ? undefined : `... on ${member} { ${inner} }`;
  }
  return world.entities[type]?.keys[subgraph] ? providedFields(builder, type, subgraph) : undefined;
}

function providedFields(builder: WorldBuilder, type: string, subgraph: string): string | undefined {
  const { chance, world } = builder;
  const entity = world.entities[type];
  const possible = Object.entries(entity?.fields ?? {}).filter(
    ([name, field]) =>
      roleIn(world, subgraph, type, name) === undefined &&
      !field.keyPart &&
      !field.args &&
      !field.requires &&
      !field.overrides &&
      !field.nullableIn &&
      !field.fails &&
      isLeaf(world, field) &&
      !world.enums[field.type]?.partly,
  );
  const chosen = chance.some(possible, chance.between(1, 2)).map(([name]) => name);
  return chosen.length > 0 ? chosen.join(' ') : undefined;
}

/** A field set on an entity of fields that a subgraph does not resolve itself; `undefined` when there is none. */
function requirement(
  builder: WorldBuilder,
  type: string,
  names: readonly string[],
  subgraph: string,
  nested: boolean,
): string | undefined {
  const { chance, world } = builder;
  const parts: string[] = [];
  for (const name of chance.some(names, 4)) {
    const field = world.entities[type]?.fields[name];
    if (!field || field.keyPart || roleIn(world, subgraph, type, name) !== undefined) continue;
    if (!nested && field.requires) continue;
    const part = requiredPart(builder, name, field, subgraph);
    if (part && parts.length < 2) parts.push(part);
  }
  return parts.length > 0 ? parts.join(' ') : undefined;
}

function requiredPart(
  builder: WorldBuilder,
  name: string,
  field: FieldDescription,
  subgraph: string,
): string | undefined {
  const { chance, world } = builder;
  const call = withArguments(builder, name, field);
  if (isLeaf(world, field)) return call;
  const inner = innerRequirement(builder, field, subgraph);
  if (inner === undefined || !chance.happens(0.9)) return undefined;
  for (const part of [field.type]) builder.ensureType(subgraph, part);
  return `${call} { ${inner} }`;
}

function innerRequirement(builder: WorldBuilder, field: FieldDescription, subgraph: string): string | undefined {
  const { chance, world } = builder;
  const value = world.values[field.type];
  if (value) {
    const leaves = Object.entries(value.fields).filter(
      ([, inner]) => isLeaf(world, inner) && inner.owners.length === 0,
    );
    return (
      chance
        .some(leaves, 2)
        .map(([name, inner]) => withArguments(builder, name, inner))
        .join(' ') || undefined
    );
  }
  if (world.entities[field.type]?.keys[subgraph]) {
    const leaves = Object.entries(world.entities[field.type]?.fields ?? {}).filter(
      ([name, inner]) =>
        isLeaf(world, inner) &&
        !inner.requires &&
        inner.overrides !== subgraph &&
        (inner.owners.length > 0 || resolvesIn(world, subgraph, field.type, name)),
    );
    return (
      chance
        .some(leaves, 2)
        .map(([name, inner]) => withArguments(builder, name, inner))
        .join(' ') || undefined
    );
  }
  if (world.interfaces[field.type] && !world.interfaces[field.type]?.entity?.objects[subgraph]) {
    return interfaceRequirement(builder, field.type, subgraph);
  }
  return undefined;
}

function interfaceRequirement(builder: WorldBuilder, type: string, subgraph: string): string | undefined {
  const { chance, world } = builder;
  const members = world.interfaces[type]?.members[subgraph] ?? [];
  const plain = (name: string) =>
    members.every((member) => {
      const field = fieldsOfType(world, member).get(name)?.field;
      return isLeaf(world, field) && !field?.requires && !field?.args;
    });
  const names = interfaceFieldsIn(world, subgraph, type).filter(plain);
  if (members.length === 0 || names.length === 0) return undefined;
  const chosen = chance.some(names, 2).join(' ');
  return chance.happens(0.5) ? chosen : `... on ${chance.one(members)} { ${chosen} }`;
}

function isLeaf(world: WorldDescription, field: FieldDescription | undefined): boolean {
  if (!field) return false;
  const { type } = field;
  return (
    !world.entities[type] &&
    !world.values[type] &&
    !world.interfaces[type] &&
    !world.unions[type] &&
    !field.inaccessible
  );
}

/** A field in a field set, with values for arguments that must have one and for some of the others. */
function withArguments(builder: WorldBuilder, name: string, field: FieldDescription | undefined): string {
  const { chance } = builder;
  const values: Record<string, string[]> = {
    Int: ['1', '2'],
    String: ['"x"'],
    Boolean: ['false'],
    ID: ['"i"'],
    In: ['{n: 2}'],
  };
  const args = Object.entries(field?.args ?? {}).flatMap(([arg, type]) => {
    const [, list, named] = /^(\[?)(\w+)/.exec(type) ?? [];
    const mustHave = type.endsWith('!');
    const literals = values[named ?? ''] ?? [];
    if (literals.length === 0 || (!mustHave && chance.happens(0.5))) return [];
    const literal = chance.one(literals);
    return [`${arg}: ${list ? `[${literal}]` : literal}`];
  });
  return args.length > 0 ? `${name}(${args.join(', ')})` : name;
}
