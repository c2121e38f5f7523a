import { readChoices } from './choices.ts';
import { type Resolver, type Schema, textOf } from './document.ts';
import {
  type EnumModel,
  type FieldModel,
  JSON_TYPE,
  type ObjectModel,
  type TypeRef,
  type UnionModel,
} from './model.ts';
import { fieldName, isName, Names, typeName } from './names.ts';

/** A schema with `allOf`, `oneOf` and `anyOf` merged, and whether it may be null. */
interface ResolvedSchema {
  readonly schema: Schema;
  readonly nullable: boolean;
}

/**
 * Converts JSON schemas to GraphQL types, each once. Schemas without an equivalent (maps, mixed alternatives, unresolved
 * references) become the scalar JSON.
 */
export class TypeBuilder {
  readonly objects: ObjectModel[] = [];
  readonly enums: EnumModel[] = [];
  readonly #resolve: Resolver;
  readonly #names: Names;
  readonly #known: ReadonlyMap<Schema, string>;
  readonly #use: 'output' | 'input';
  readonly #types = new Map<Schema, TypeRef>();
  readonly #enumsMade: Map<string, EnumModel>;

  /**
   * @param known names of the schemas in `components`
   * @param shared names and enums that output and input types share
   */
  constructor(
    use: 'output' | 'input',
    resolve: Resolver,
    known: ReadonlyMap<Schema, string>,
    shared: { names: Names; enums: Map<string, EnumModel> },
  ) {
    this.#use = use;
    this.#resolve = resolve;
    this.#known = known;
    this.#names = shared.names;
    this.#enumsMade = shared.enums;
  }

  /**
   * Returns the type of a schema.
   * @param where name for an unnamed schema: that of its owner and its property
   */
  typeOf(given: Schema | undefined, where: string): { type: TypeRef; nullable: boolean } {
    const resolved = this.#resolve(given);
    if (resolved === undefined) return { type: JSON_TYPE, nullable: true };
    const { schema, nullable } = this.#resolveSchema(resolved);
    const types = this.#types.get(resolved);
    if (types !== undefined) return { type: types, nullable };
    const union = this.#union(resolved, where);
    return { type: union ?? this.#createType(resolved, schema, where), nullable };
  }

  /** Creates a union for objects with a discriminator. GraphQL has no unions of input types. */
  #union(identity: Schema, where: string): TypeRef | undefined {
    const choices = this.#use === 'output' ? readChoices(identity, this.#resolve, this.#known) : undefined;
    if (choices === undefined) return undefined;
    const name = this.#names.take(typeName(titleOf(identity) ?? this.#known.get(identity) ?? where));
    const { property } = choices;
    const members: UnionModel['members'][number][] = [];
    const union: UnionModel = { name, description: textOf(identity.description), property, members };
    const type: TypeRef = { kind: 'union', union };
    this.#types.set(identity, type);
    for (const { schema, values } of choices.members) {
      const member = this.typeOf(schema, `${name} ${values[0] ?? ''}`).type;
      if (member.kind === 'object') members.push({ values, object: member.object });
    }
    return type;
  }

  #createType(identity: Schema, schema: Schema, where: string): TypeRef {
    const name = titleOf(identity) ?? this.#known.get(identity) ?? textOf(schema.title) ?? where;
    if (schema.properties !== undefined && Object.keys(schema.properties).length > 0)
      return this.#object(identity, schema, name);
    const kind = kindOf(schema);
    if (kind === 'array') {
      // a recursive list has no GraphQL type, so its items are JSON
      this.#types.set(identity, JSON_TYPE);
      const { type, nullable } = this.typeOf(schema.items, `${where}Item`);
      this.#types.delete(identity);
      return { kind: 'list', of: type, itemsRequired: !nullable };
    }
    if (kind === 'string' && schema.enum !== undefined) return this.#enum(schema.enum, name);
    return scalarOf(kind, schema);
  }

  #object(identity: Schema, schema: Schema, preferred: string): TypeRef {
    const base = typeName(preferred);
    const name = this.#names.take(this.#use === 'input' ? `${base.replace(/Input$/, '')}Input` : base);
    const object: ObjectModel = { name, description: textOf(schema.description), fields: [] };
    const type: TypeRef = { kind: 'object', object };
    // before its fields are read, because they may refer to this type
    this.#types.set(identity, type);
    object.fields.push(...this.#fields(schema, name));
    if (object.fields.length === 0) {
      this.#types.set(identity, JSON_TYPE);
      return JSON_TYPE;
    }
    this.objects.push(object);
    return type;
  }

  #fields(schema: Schema, owner: string): FieldModel[] {
    const names = new Names(['__typename']);
    const required = new Set(schema.required ?? []);
    const base = this.#use === 'input' ? owner.replace(/Input\d*$/, '') : owner;
    return Object.entries(schema.properties ?? {}).flatMap(([original, property]) => {
      const resolved = this.#resolve(property) ?? {};
      if (this.#use === 'input' ? resolved.readOnly === true : resolved.writeOnly === true) return [];
      const { type, nullable } = this.typeOf(property, `${base} ${original}`);
      const isId = original === 'id' && type.kind === 'scalar' && /^(String|Int|BigInt)$/.test(type.name);
      return [
        {
          name: names.take(fieldName(original)),
          original,
          type: isId ? { kind: 'scalar' as const, name: 'ID' } : type,
          required: required.has(original) && !nullable,
          description: textOf(resolved.description),
        },
      ];
    });
  }

  /** Creates an enum. Values that are not valid GraphQL names make it a String. */
  #enum(given: readonly unknown[], preferred: string): TypeRef {
    const values = given.filter((value): value is string => typeof value === 'string');
    const isEnum = values.length > 0 && values.every((value) => isName(value) && !/^(true|false|null)$/.test(value));
    if (!isEnum || values.length < given.filter((value) => value !== null).length)
      return { kind: 'scalar', name: 'String' };
    const key = [...new Set(values)].join(' ');
    let model = this.#enumsMade.get(key);
    if (model === undefined) {
      model = { name: this.#names.take(typeName(preferred)), values: [...new Set(values)] };
      this.#enumsMade.set(key, model);
    }
    return { kind: 'scalar', name: model.name };
  }

  /**
   * Merges `allOf`, `oneOf` and `anyOf` of a schema.
   * @param parents enclosing schemas, to detect recursion
   */
  #resolveSchema(schema: Schema, parents: ReadonlySet<Schema> = new Set()): ResolvedSchema {
    const nullable = schema.nullable === true || (Array.isArray(schema.type) && schema.type.includes('null'));
    if (parents.has(schema)) return { schema: {}, nullable: true };
    const here = new Set([...parents, schema]);
    if (schema.allOf !== undefined) {
      const parts = schema.allOf.map((part) => this.#resolveSchema(this.#resolve(part) ?? {}, here));
      const merged = parts.reduce((all, part) => mergeAll(all, part.schema), { ...schema, allOf: undefined } as Schema);
      const whole = this.#resolveSchema(merged, here);
      return { schema: whole.schema, nullable: nullable || (parts.length > 0 && parts.every((part) => part.nullable)) };
    }
    const choices = schema.oneOf ?? schema.anyOf;
    if (choices === undefined) return { schema, nullable };
    const resolved = choices.map((choice) => this.#resolve(choice) ?? {});
    const parts = resolved
      .filter((choice) => choice.type !== 'null')
      .map((choice) => this.#resolveSchema(choice, here));
    const mayBeNull = nullable || parts.length < resolved.length || parts.some((part) => part.nullable);
    const { oneOf: _, anyOf: __, ...own } = schema;
    return {
      schema: mergeChoice(
        own,
        parts.map((part) => part.schema),
      ),
      nullable: mayBeNull,
    };
  }
}

const MAX_TITLE_WORDS = 3;

/** Returns a title that can be a name: `Book Item`, but not a sentence such as `A book as readers see it.` */
function titleOf({ title }: Schema): string | undefined {
  const text = textOf(title);
  const isNameLike = text !== undefined && !/[.,:;!?]/.test(text) && text.split(/\s+/).length <= MAX_TITLE_WORDS;
  return isNameLike && /[A-Za-z]/.test(text) ? text : undefined;
}

/** Merges two schemas of `allOf`. */
function mergeAll(left: Schema, right: Schema): Schema {
  const properties = { ...left.properties, ...right.properties };
  const required = [...(left.required ?? []), ...(right.required ?? [])];
  const merged = { ...right, ...withoutUndefined(left), properties, required };
  return Object.keys(properties).length === 0 ? withoutUndefined({ ...merged, properties: undefined }) : merged;
}

/**
 * Merges alternatives. Objects become one type with the fields of all; a field is required if all alternatives require it.
 * Other mixed alternatives are JSON.
 */
function mergeChoice(own: Schema, parts: readonly Schema[]): Schema {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return mergeAll(own, only);
  if (parts.length === 0) return own;
  if (parts.every(({ properties }) => properties !== undefined)) {
    const clash = new Set<string>();
    const properties: Record<string, Schema> = {};
    for (const part of parts) {
      for (const [name, schema] of Object.entries(part.properties ?? {})) {
        const other = properties[name];
        if (
          other !== undefined &&
          JSON.stringify(other.$ref ?? other.type) !== JSON.stringify(schema.$ref ?? schema.type)
        )
          clash.add(name);
        properties[name] ??= schema;
      }
    }
    for (const name of clash) properties[name] = {};
    const [first, ...others] = parts;
    const required = (first?.required ?? []).filter((name) => others.every((part) => part.required?.includes(name)));
    return {
      ...own,
      properties: { ...own.properties, ...properties },
      required: [...(own.required ?? []), ...required],
    };
  }
  const kinds = new Set(parts.map((part) => (part.properties === undefined ? kindOf(part) : 'object')));
  const [kind] = kinds;
  return kinds.size === 1 && kind !== 'array' && kind !== 'object' ? { ...own, type: kind } : {};
}

function withoutUndefined(schema: Schema): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined));
}

function kindOf(schema: Schema): string | undefined {
  const { type } = schema;
  const kinds = (Array.isArray(type) ? type : [type]).filter((kind) => kind !== 'null');
  if (kinds.length === 1 && typeof kinds[0] === 'string') return kinds[0];
  if (schema.items !== undefined) return 'array';
  return schema.enum?.every((value) => typeof value === 'string') && type === undefined ? 'string' : undefined;
}

function scalarOf(kind: string | undefined, { format }: Schema): TypeRef {
  switch (kind) {
    case 'string':
      return { kind: 'scalar', name: 'String' };
    case 'boolean':
      return { kind: 'scalar', name: 'Boolean' };
    case 'number':
      return { kind: 'scalar', name: 'Float' };
    case 'integer':
      // GraphQL's Int has 32 bits
      return { kind: 'scalar', name: format === 'int64' ? 'BigInt' : 'Int' };
    default:
      return JSON_TYPE;
  }
}
