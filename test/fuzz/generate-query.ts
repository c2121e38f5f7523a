import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isUnionType,
} from 'graphql';
import type { Chance } from './chance.ts';

export interface GeneratedQuery {
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

/**
 * A random valid query or mutation of about `size` fields at most, with the variables that it needs. Fields that are
 * `preferred` (`Type.field`) are selected more often than others.
 */
export function generateQuery(
  chance: Chance,
  schema: GraphQLSchema,
  size: number,
  preferred: ReadonlySet<string> = new Set(),
): GeneratedQuery {
  return new QueryWriter(chance, schema, size, preferred).write();
}

class QueryWriter {
  readonly chance: Chance;
  readonly schema: GraphQLSchema;
  /** How many fields may still be written. */
  left: number;
  /** Response name → the field, arguments and shape that it stands for, everywhere in the document: so nothing conflicts. */
  readonly responseNames = new Map<string, string>();
  readonly fragments = new Map<string, { on: string; text: string }>();
  readonly declarations: string[] = [];
  readonly variables: Record<string, unknown> = {};

  readonly preferred: ReadonlySet<string>;

  constructor(chance: Chance, schema: GraphQLSchema, size: number, preferred: ReadonlySet<string>) {
    this.chance = chance;
    this.schema = schema;
    this.left = size;
    this.preferred = preferred;
  }

  write(): GeneratedQuery {
    const mutation = this.schema.getMutationType();
    const root = mutation && this.chance.happens(0.4) ? mutation : this.schema.getQueryType();
    const selection = this.selectionSet(root as GraphQLObjectType, 0);
    const kind = root === mutation ? 'mutation' : 'query';
    const variables = this.declarations.length > 0 ? `(${this.declarations.join(', ')}) ` : '';
    const declared = kind === 'query' && variables === '' ? '' : `${kind} ${variables}`;
    const fragments = [...this.fragments].map(([name, { on, text }]) => `fragment ${name} on ${on} ${text}`);
    return { query: [declared + selection, ...fragments].join('\n'), variables: this.variables };
  }

  selectionSet(type: GraphQLOutputType, depth: number): string {
    const { chance } = this;
    const parts: string[] = [];
    const count = depth === 0 ? chance.between(1, 4) : chance.between(1, 5);
    for (let index = 0; index < count && this.left > 0; index++) {
      const part = this.selection(type, depth);
      if (part !== undefined) parts.push(part);
    }
    return `{ ${parts.length > 0 ? parts.join(' ') : '__typename'} }`;
  }

  selection(type: GraphQLOutputType, depth: number): string | undefined {
    const { chance } = this;
    const roll = chance.between(0, 99);
    if (roll < 6) return this.typename();
    if (depth > 0 && (isUnionType(type) || roll < (isInterfaceType(type) ? 55 : 15))) return this.fragment(type, depth);
    if (!isObjectType(type) && !isInterfaceType(type)) return this.typename();
    return this.field(type, depth);
  }

  typename(): string {
    this.left--;
    return `${this.responseName('__typename', '', 'String')}__typename`;
  }

  field(type: GraphQLObjectType | GraphQLInterfaceType, depth: number): string | undefined {
    const { chance } = this;
    const fields = Object.values(type.getFields()).filter(
      (field) => depth < 6 || !isCompositeType(getNamedType(field.type)),
    );
    if (fields.length === 0) return undefined;
    const composites = fields.filter((field) => isCompositeType(getNamedType(field.type)));
    const preferred = fields.filter(({ name }) => this.preferred.has(`${type.name}.${name}`));
    const field =
      preferred.length > 0 && chance.happens(0.4)
        ? chance.one(preferred)
        : composites.length > 0 && chance.happens(0.35)
          ? chance.one(composites)
          : chance.one(fields);
    const args = this.args(field);
    this.left--;
    const named = getNamedType(field.type);
    const shape = isCompositeType(named) ? String(field.type).replace(named.name, '{}') : String(field.type);
    const prefix = this.responseName(field.name, args, shape);
    const inner = isCompositeType(named) ? ` ${this.selectionSet(named, depth + 1)}` : '';
    return `${prefix}${field.name}${args}${this.condition()}${inner}`;
  }

  /** `alias: ` or nothing. The same response name always stands for the same field, so that selections can merge. */
  responseName(field: string, args: string, shape: string): string {
    const meaning = `${field} ${args} ${shape}`;
    const wished = this.chance.happens(0.15) ? `x${this.chance.between(0, 5)}` : field;
    for (let suffix = 0; ; suffix++) {
      const name = suffix === 0 ? wished : `${wished}_${suffix}`;
      if ((this.responseNames.get(name) ?? meaning) !== meaning) continue;
      this.responseNames.set(name, meaning);
      return name === field ? '' : `${name}: `;
    }
  }

  fragment(type: GraphQLOutputType, depth: number): string | undefined {
    const { chance } = this;
    const on = chance.one(this.conditions(type));
    const reusable = [...this.fragments].filter(([, fragment]) => fragment.on === on && fragment.text !== '');
    if (reusable.length > 0 && chance.happens(0.3)) return `...${chance.one(reusable)[0]}${this.condition()}`;
    const target = this.schema.getType(on) as GraphQLObjectType;
    this.left--;
    if (chance.happens(0.3)) {
      const name = `F${this.fragments.size}`;
      // Reserved before its content is written: fragments within it must not take the name.
      this.fragments.set(name, { on, text: '' });
      this.fragments.set(name, { on, text: this.selectionSet(target, depth + 1) });
      return `...${name}${this.condition()}`;
    }
    const condition = on === String(type) && chance.happens(0.3) ? '' : ` on ${on}`;
    return `...${condition}${this.condition()} ${this.selectionSet(target, depth + 1)}`;
  }

  /** Types that a fragment here may be on: those that have at least one object type in common with this one. */
  conditions(type: GraphQLOutputType): string[] {
    const possible = isAbstractType(type) ? this.schema.getPossibleTypes(type) : [type as GraphQLObjectType];
    const abstract = Object.values(this.schema.getTypeMap()).filter(
      (other) =>
        isAbstractType(other) && this.schema.getPossibleTypes(other).some((member) => possible.includes(member)),
    );
    const names = possible.map((member) => member.name);
    return [...names, ...names, ...abstract.map((other) => other.name)];
  }

  condition(): string {
    const { chance } = this;
    if (!chance.happens(0.08)) return '';
    const value = chance.happens(0.5) ? chance.one(['true', 'false']) : this.variable('Boolean!', chance.happens(0.5));
    return ` @${chance.one(['skip', 'include'])}(if: ${value})`;
  }

  args(field: GraphQLField<unknown, unknown>): string {
    const written = field.args.flatMap((argument) => this.argument(argument));
    return written.length > 0 ? `(${written.join(', ')})` : '';
  }

  argument(argument: GraphQLArgument): string[] {
    const { chance } = this;
    if (!isRequiredArgument(argument) && chance.happens(0.4)) return [];
    if (chance.happens(0.4))
      return [`${argument.name}: ${this.variable(String(argument.type), this.value(argument.type))}`];
    return [`${argument.name}: ${this.literal(argument.type, this.value(argument.type))}`];
  }

  /** A new variable, given its value by the request or by its default. */
  variable(type: string, value: unknown): string {
    const { chance } = this;
    const name = `v${this.declarations.length}`;
    const literalDefault = type === 'Int' && chance.happens(0.4) ? ' = 7' : '';
    this.declarations.push(`$${name}: ${type}${literalDefault}`);
    const mayBeAbsent = literalDefault !== '' || !type.endsWith('!');
    if (!mayBeAbsent || chance.happens(0.7)) this.variables[name] = value;
    return `$${name}`;
  }

  value(type: GraphQLInputType): unknown {
    const { chance } = this;
    if (isNonNullType(type)) return this.value(type.ofType) ?? this.value(type);
    if (chance.happens(0.1)) return null;
    if (isListType(type)) return Array.from({ length: chance.between(0, 2) }, () => this.value(type.ofType));
    if (isEnumType(type)) return chance.one(type.getValues()).name;
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields()).filter(() => chance.happens(0.3));
      return Object.fromEntries(fields.map((field) => [field.name, this.value(field.type)]));
    }
    const scalars: Record<string, unknown[]> = {
      Int: [0, 5, -1],
      Boolean: [true, false],
      ID: ['i1', '7'],
      String: ['', 'a "b"\n\\', 'é'],
    };
    return chance.one(scalars[type.name] ?? ['s']);
  }

  literal(type: GraphQLInputType, value: unknown): string {
    if (value === null || value === undefined) return 'null';
    const nullable = isNonNullType(type) ? type.ofType : type;
    if (isListType(nullable))
      return `[${(value as unknown[]).map((item) => this.literal(nullable.ofType, item)).join(', ')}]`;
    if (isEnumType(nullable)) return String(value);
    if (!isInputObjectType(nullable)) return JSON.stringify(value);
    const fields = Object.entries(value as object).map(([name, inner]) => {
      const field = nullable.getFields()[name];
      return `${name}: ${field ? this.literal(field.type, inner) : 'null'}`;
    });
    return `{${fields.join(', ')}}`;
  }
}
