import type { Chance } from './chance.ts';
import type { FieldDescription, KeyDescription, WorldDescription, Wrapping } from './description.ts';
import { candidates, interfaceFieldsIn, membersIn, topFields } from './model.ts';

const KEY_SHAPES = ['id', 'sku', 'ka kb', 'ref { code }', 'nums', 'link'] as const;
type KeyShape = (typeof KEY_SHAPES)[number];

const WRAPPINGS: readonly Wrapping[] = ['', '', '', '!', '!', '[]', '[!]', '[]!', '[!]!', '[[]]'];

/**
 * Adds to a world step by step and keeps it composable by construction: what a subgraph refers to exists there, and
 * each entity's subgraphs are connected by keys.
 */
export class WorldBuilder {
  readonly chance: Chance;
  readonly world: WorldDescription;
  /** Errors and nullability mismatches do not mix: how far which null propagates would depend on the plan. */
  readonly mode: 'errors' | 'mismatches' | 'plain';

  constructor(chance: Chance, subgraphs: string[]) {
    this.chance = chance;
    this.world = { subgraphs, entities: {}, values: {}, interfaces: {}, unions: {}, enums: {}, query: {} };
    this.mode = chance.one(['errors', 'mismatches', 'plain', 'plain'] as const);
  }

  /** An entity in some subgraphs, each of which shares a key with one that came before it. */
  addEntity(name: string): void {
    const { chance, world } = this;
    world.entities[name] = { keys: {}, fields: {} };
    const subgraphs = chance.some(world.subgraphs, chance.between(1, Math.min(4, world.subgraphs.length)));
    const [first, ...others] = subgraphs as [string, ...string[]];
    this.addKey(name, first, chance.happens(0.6) ? 'id' : this.keyShape());
    const joined = [first];
    for (const subgraph of others) {
      const from = chance.one(joined);
      const shared = chance.happens(0.7)
        ? this.shapeOf(chance.one(world.entities[name].keys[from] as KeyDescription[]))
        : this.keyShape();
      this.addKey(name, from, shared);
      this.addKey(name, subgraph, shared);
      if (chance.happens(0.15)) this.addKey(name, subgraph, this.keyShape());
      joined.push(subgraph);
    }
  }

  keyShape(): KeyShape {
    return this.chance.one(KEY_SHAPES);
  }

  shapeOf(key: KeyDescription): KeyShape {
    return KEY_SHAPES.find((shape) => shape === key.fields) ?? 'link';
  }

  addKey(name: string, subgraph: string, shape: KeyShape): void {
    const { world } = this;
    const entity = world.entities[name];
    if (!entity) return;
    const previous = Object.keys(world.entities)[Object.keys(world.entities).indexOf(name) - 1];
    let fields: string = shape;
    if (shape === 'link') {
      const target = previous === undefined ? undefined : this.linkKey(previous, subgraph);
      fields = target === undefined ? 'id' : `link { ${target} }`;
      if (target !== undefined)
        entity.fields.link ??= { type: previous as string, wrapping: '!', owners: [], keyPart: 'link' };
    }
    const keys = entity.keys[subgraph] ?? [];
    entity.keys[subgraph] = keys;
    const known = keys.find((key) => key.fields === fields);
    if (known) delete known.stub;
    else keys.push({ fields });
    for (const part of topFields(fields)) if (part !== 'link') this.addKeyField(name, part);
  }

  /** A key of another entity that a nested key may lead to in this subgraph; made known there where it was not. */
  linkKey(target: string, subgraph: string): string | undefined {
    const plain = (key: KeyDescription) => !key.fields.includes('{');
    const key = Object.values(this.world.entities[target]?.keys ?? {})
      .flat()
      .find(plain);
    if (!key) return undefined;
    const keys = (this.world.entities[target] as { keys: Record<string, KeyDescription[]> }).keys;
    const there = keys[subgraph];
    if (!there) keys[subgraph] = [{ fields: key.fields, stub: true }];
    else if (!there.some(({ fields }) => fields === key.fields)) there.push({ fields: key.fields });
    return key.fields;
  }

  addKeyField(name: string, part: string): void {
    const { world } = this;
    const fields = world.entities[name]?.fields ?? {};
    const types: Record<string, [string, Wrapping]> = {
      id: ['ID', '!'],
      sku: ['String', '!'],
      ka: ['String', '!'],
      kb: ['Int', '!'],
      nums: ['Int', '[!]!'],
    };
    if (part === 'ref') {
      fields.ref ??= { type: `${name}Ref`, wrapping: '!', owners: [], keyPart: 'ref' };
      world.values[`${name}Ref`] ??= {
        fields: { code: { type: 'String', wrapping: '!', owners: [], keyPart: 'code' } },
      };
      return;
    }
    const [type, wrapping] = types[part] ?? ['ID', '!'];
    fields[part] ??= { type, wrapping, owners: [], keyPart: part as NonNullable<FieldDescription['keyPart']> };
  }

  /** Makes sure that a subgraph can name a type: an entity that it does not know yet becomes a stub there. */
  ensureType(subgraph: string, type: string): void {
    const { world } = this;
    const entity = world.entities[type];
    if (entity && !entity.keys[subgraph]) {
      const key = Object.values(entity.keys)
        .flat()
        .find((candidate) => !candidate.stub && !candidate.fields.includes('link'));
      if (key)
        entity.keys[subgraph] = [{ fields: key.fields, ...(this.chance.happens(0.5) ? { stub: true as const } : {}) }];
    }
    for (const field of Object.values(world.values[type]?.fields ?? {})) {
      if (field.owners.length === 0 || field.owners.includes(subgraph)) this.ensureType(subgraph, field.type);
    }
  }

  /** Whether a subgraph may have a field of this type. */
  canOwn(subgraph: string, type: string): boolean {
    const { world } = this;
    if (world.entities[type]) {
      const keys = world.entities[type].keys;
      return (
        keys[subgraph] !== undefined ||
        Object.values(keys)
          .flat()
          .some((key) => !key.stub && !key.fields.includes('link'))
      );
    }
    if (world.interfaces[type]) {
      const isObject = world.interfaces[type].entity?.objects[subgraph] !== undefined;
      return (
        isObject || (membersIn(world, subgraph, type).length > 0 && interfaceFieldsIn(world, subgraph, type).length > 0)
      );
    }
    if (world.unions[type]) return membersIn(world, subgraph, type).length > 0;
    return true;
  }

  /** Adds a field of a random type. `subgraphs` are those that may own it. Does nothing when no type fits. */
  addField(
    fields: Record<string, FieldDescription>,
    name: string,
    subgraphs: readonly string[],
    types: readonly string[],
  ): void {
    const { chance } = this;
    const count = chance.happens(0.7) ? 1 : chance.between(1, 3);
    const owners = chance.some(subgraphs, count);
    const type = chance.one(types);
    if (owners.length === 0 || !owners.every((owner) => this.canOwn(owner, type))) return;
    const field: FieldDescription = { type, wrapping: chance.one(WRAPPINGS), owners };
    if (this.isAbstract(type) && candidates(this.world, field).length === 0) return;
    for (const owner of owners) this.ensureType(owner, type);
    if (chance.happens(0.25)) field.args = this.args();
    if (this.mode === 'errors' && chance.happens(0.2)) field.fails = true;
    if (this.mode === 'mismatches' && owners.length > 1 && field.wrapping.endsWith('!'))
      field.nullableIn = [owners[0] as string];
    const others = subgraphs.filter((subgraph) => !owners.includes(subgraph));
    if (owners.length === 1 && others.length > 0 && !this.isComposite(type) && chance.happens(0.12))
      this.override(field, chance.one(others));
    fields[name] = field;
  }

  /** Takes a field over from another subgraph, at once or by a label that may be on. */
  override(field: FieldDescription, from: string): void {
    const { chance, world } = this;
    field.overrides = from;
    // the other subgraph may then have to give each value
    if (world.enums[field.type]?.partly || !chance.happens(0.6)) return;
    field.label = chance.one(['l0', 'l1', 'percent(0)', 'percent(100)']);
    world.labelsOn ??= chance.some(['l0', 'l1'], chance.between(0, 2));
  }

  isAbstract(type: string): boolean {
    return type in this.world.interfaces || type in this.world.unions;
  }

  isComposite(type: string): boolean {
    return this.isAbstract(type) || type in this.world.entities || type in this.world.values;
  }

  args(): Record<string, string> {
    const { chance } = this;
    const all: Record<string, string[]> = {
      a: ['Int', 'Int = 3', 'Int!', 'Int! = 4'],
      b: ['String', '[String!]', '[Int]', 'Boolean = true', 'ID'],
      c: ['In', 'In = {n: 1}', '[In!]'],
      d: Object.entries(this.world.enums).flatMap(([name, { partly, values }]) =>
        partly ? [] : [name, `${name} = ${values[0]}`],
      ),
    };
    const names = chance.some(
      Object.keys(all).filter((name) => (all[name] ?? []).length > 0),
      chance.between(1, 2),
    );
    return Object.fromEntries(names.map((name) => [name, chance.one(all[name] as string[])]));
  }
}
