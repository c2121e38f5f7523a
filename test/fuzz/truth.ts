import { type FieldNode, type GraphQLSchema, Kind, type SelectionSetNode, valueFromASTUntyped } from 'graphql';
import { getArgumentValues } from 'graphql/execution/values.js';
import { type FieldDescription, INSTANCES, type WorldDescription } from './description.ts';
import { candidates, fieldsOfType, neededFields, readFieldSet } from './model.ts';

/** One object of a world. Its type and seed say everything about it: every field's value follows from them. */
export interface Thing {
  readonly type: string;
  /** The number of an entity; the path that led there for a value. */
  readonly seed: string;
  /** The object that led there, where all are answered in one piece. */
  readonly above?: Thing;
}

/** What a subgraph received for a field. */
export interface Given {
  /** The text of the required fields. */
  readonly required?: string | undefined;
  /** What its context holds. */
  readonly context?: unknown;
}

/** The values of a world: what the monolith answers, and what the subgraphs together must. */
export interface Truth {
  /**
   * The value of a field: scalars as they stand in JSON, objects as `Thing`. What it requires and what it takes from a
   * context is looked up where a subgraph did not receive it. Throws where the description says so.
   */
  value(thing: Thing, field: string, args: Record<string, unknown>, given?: Given): unknown;
  /** The JSON that a field set selects from an object, with sorted keys. */
  project(thing: Thing, selectionSet: SelectionSetNode): Record<string, unknown>;
}

/** `schema` has all fields, inaccessible ones too; it is used to coerce the arguments within field sets. */
export function createTruth(world: WorldDescription, schema: GraphQLSchema): Truth {
  const needed = neededFields(world, world.requiredFail ? ['provides'] : ['requires', 'provides']);
  const types = new Map<string, ReturnType<typeof fieldsOfType>>();

  function look(type: string, name: string) {
    const fields = types.get(type) ?? fieldsOfType(world, type);
    types.set(type, fields);
    const found = fields.get(name);
    if (!found) throw new Error(`No field ${type}.${name} in this world`);
    return found;
  }

  function value(thing: Thing, name: string, args: Record<string, unknown>, given: Given = {}): unknown {
    const { declaredBy, field } = look(thing.type, name);
    if (field.keyPart) return keyPartValue(thing, field);
    // A field of an interface object is the same whichever type the object turns out to be.
    const seed = declaredBy === thing.type ? thing.seed : `${thing.type}:${thing.seed}`;
    const { required } = given;
    const input = field.requires ? (required ?? canonicalText(project(thing, readFieldSet(field.requires)))) : '';
    const held = field.context
      ? canonicalText('context' in given ? given.context : contextOf(thing, field.context))
      : '';
    const path = `${declaredBy}(${seed}).${name}(${canonicalText(args)})${input}${held}`;
    if (field.fails && !needed.has(`${declaredBy}.${name}`) && hash(`${path}?`) % 3 === 0)
      throw new Error(`${name} fails`);
    return wrapped(world, field, field.wrapping, path);
  }

  /** What the nearest object above that sets a context holds there. */
  function contextOf(thing: Thing, context: string): unknown {
    const setters = world.contexts?.[context]?.setters ?? {};
    for (let above = thing.above; above; above = above.above) {
      const name = setters[above.type];
      if (name !== undefined) return value(above, name, {});
    }
    return null;
  }

  function project(thing: Thing, selectionSet: SelectionSetNode): Record<string, unknown> {
    const found: Record<string, unknown> = {};
    for (const node of selectionSet.selections) {
      if (node.kind === Kind.INLINE_FRAGMENT) {
        if (matches(world, thing.type, node.typeCondition?.name.value))
          Object.assign(found, project(thing, node.selectionSet));
      } else if (node.kind === Kind.FIELD) {
        const name = node.name.value;
        if (name === '__typename') continue;
        found[name] = projectValue(value(thing, name, argumentsOf(schema, thing.type, node)), node);
      }
    }
    return sortKeys(found);
  }

  function projectValue(found: unknown, node: FieldNode): unknown {
    if (Array.isArray(found)) return found.map((item) => projectValue(item, node));
    return node.selectionSet && found !== null ? project(found as Thing, node.selectionSet) : found;
  }

  return { value, project };
}

/** Whether an object of type `type` is in the scope of a type condition. */
export function matches(world: WorldDescription, type: string, condition: string | undefined): boolean {
  if (condition === undefined || condition === type) return true;
  const abstract = world.interfaces[condition] ?? world.unions[condition];
  return Object.values(abstract?.members ?? {}).some((members) => members.includes(type));
}

/** The seeds of all entities of a type. */
export const allSeeds: readonly string[] = Array.from({ length: INSTANCES }, (_, number) => String(number));

function argumentsOf(schema: GraphQLSchema, type: string, node: FieldNode): Record<string, unknown> {
  const objectType = schema.getType(type);
  const definition = objectType && 'getFields' in objectType ? objectType.getFields()[node.name.value] : undefined;
  if (definition && 'args' in definition) return getArgumentValues(definition, node);
  return Object.fromEntries((node.arguments ?? []).map((arg) => [arg.name.value, valueFromASTUntyped(arg.value)]));
}

function keyPartValue(thing: Thing, field: FieldDescription): unknown {
  const number = Number(thing.seed);
  switch (field.keyPart) {
    case 'id':
      return `${thing.type}:${thing.seed}`;
    case 'sku':
    case 'code':
      return `${thing.type}-${thing.seed}`;
    case 'ka':
      return `half${number >> 1}`;
    case 'kb':
      return number & 1;
    case 'nums':
      return [number, number + 10];
    default:
      return { type: field.type, seed: thing.seed };
  }
}

function wrapped(world: WorldDescription, field: FieldDescription, wrapping: string, path: string): unknown {
  const nonNull = wrapping.endsWith('!');
  const inner = nonNull ? wrapping.slice(0, -1) : wrapping;
  if (!nonNull && hash(`${path}0`) % 12 === 0) return null;
  if (inner === '') return bare(world, field, path);
  const items = inner.slice(1, -1);
  const number = hash(`${path}#`);
  const length = number % 8 === 0 ? 0 : 1 + (number % 3);
  return Array.from({ length }, (_, index) => wrapped(world, field, items, `${path}[${index}]`));
}

function bare(world: WorldDescription, field: FieldDescription, path: string): unknown {
  const number = hash(path);
  if (world.entities[field.type]) return { type: field.type, seed: String(number % INSTANCES) };
  if (world.values[field.type]) return { type: field.type, seed: path };
  if (world.interfaces[field.type] || world.unions[field.type]) {
    const possible = candidates(world, field);
    const type = possible[number % possible.length];
    if (type === undefined) throw new Error(`No type can stand for ${field.type}`);
    return { type, seed: world.entities[type] ? String((number >>> 8) % INSTANCES) : path };
  }
  return leaf(world, field, number);
}

function leaf(world: WorldDescription, field: FieldDescription, number: number): unknown {
  switch (field.type) {
    case 'Int':
      return number % 1000;
    case 'Float':
      return (number % 1000) / 4;
    case 'Boolean':
      return number % 2 === 0;
    case 'Blob':
      return { text: `"${number.toString(36)}"`, list: [number % 10, null] };
    case 'ID':
    case 'String':
      return number.toString(36);
    default: {
      const known = knownEnumValues(world, field);
      return known[number % known.length];
    }
  }
}

/** The values of an enum field that all its owners know. */
export function knownEnumValues(world: WorldDescription, field: FieldDescription): string[] {
  const description = world.enums[field.type];
  if (!description) throw new Error(`No type ${field.type} in this world`);
  const owners = field.owners.length > 0 ? field.owners : world.subgraphs;
  return description.values.filter((value) =>
    owners.every((owner) => description.partly?.[owner]?.includes(value) ?? true),
  );
}

/** JSON with sorted keys at every level. */
export function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? sortKeys(inner as Record<string, unknown>)
      : inner,
  );
}

function sortKeys(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** FNV-1a over the text, then mixed so that low bits are as good as high ones. */
export function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  state = Math.imul(state ^ (state >>> 16), 0x45d9f3b);
  return (state ^ (state >>> 15)) >>> 0;
}
