import {
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  type ValueNode,
} from 'graphql';
import { nearest } from '../config/nearest.ts';
import { ExactNumber } from '../shared/exact-json.ts';
import { literalValue } from '../shared/literal-value.ts';
import { coerceLeaf, LeafError } from './coerce-leaf.ts';
import { shorten } from './print-value.ts';

/** An error in an input value, and its place. */
export interface InputError {
  /** From the value passed to {@link InputCoercion.coerce}: `['items', 0, 'price']`. */
  readonly path: readonly (string | number)[];
  /** The value at that place. */
  readonly value: unknown;
  readonly message: string;
}

export interface InputCoercionOptions {
  /** Reading stops at this number of errors. */
  readonly maxErrors: number;
  /** Whether messages leave out suggestions of schema names. */
  readonly hideSuggestions?: boolean | undefined;
}

/** Names are compared with the schema for this many errors only: a comparison is the most expensive part here. */
const MAX_SUGGESTIONS = 5;
/**
 * The most defaults that are filled in: without a limit, a megabyte of `{}` could become gigabytes for a type with
 * many fields.
 */
const MAX_DEFAULTS = 200_000;
/** The deepest nesting that the stack has to hold. Clients reach the limit in the config first. */
const MAX_LEVELS = 1_000;

/**
 * Coerces JSON values to GraphQL input types in one pass over each value. The time is linear in the size of the
 * values, however invalid they are: it stops after the first few errors.
 * @see https://spec.graphql.org/October2021/#sec-Input-Objects.Input-Coercion
 */
export class InputCoercion {
  readonly errors: InputError[] = [];
  /** How often names were compared to suggest one. */
  suggestions = 0;
  /** Defaults filled in so far, for all values together. */
  defaults = 0;
  private readonly maxErrors: number;
  private readonly hideSuggestions: boolean;
  private path: (string | number)[] = [];

  constructor({ maxErrors, hideSuggestions = false }: InputCoercionOptions) {
    this.maxErrors = maxErrors;
    this.hideSuggestions = hideSuggestions;
  }

  /** Whether reading has stopped: there are too many errors, or too many defaults. */
  get isFull(): boolean {
    return this.errors.length >= this.maxErrors || this.defaults > MAX_DEFAULTS;
  }

  /** Returns the value as resolvers receive it, with defaults. It is only valid if there are no errors afterwards. */
  coerce(value: unknown, type: GraphQLInputType): unknown {
    this.path = [];
    return this.value(value, type);
  }

  private value(value: unknown, type: GraphQLInputType): unknown {
    if (isNonNullType(type)) {
      if (value != null) return this.value(value, type.ofType);
      return this.fail(value, `Expected non-nullable type "${type}" not to be null.`);
    }
    if (value == null) return null;
    if (isListType(type)) return this.list(value, type.ofType);
    if (isInputObjectType(type)) return this.object(value, type);
    try {
      return coerceLeaf(type, value);
    } catch (error) {
      if (!(error instanceof LeafError)) throw error;
      const { message, unknownName } = error;
      if (unknownName === undefined || !isEnumType(type)) return this.fail(value, message);
      const names = () => type.getValues().map(({ name }) => name);
      return this.fail(value, message + this.suggest('the enum value ', unknownName, names));
    }
  }

  private list(value: unknown, itemType: GraphQLInputType): unknown {
    if (!Array.isArray(value)) return [this.value(value, itemType)];
    if (this.isTooDeep()) return this.failDepth(value);
    const items: unknown[] = [];
    const { path } = this;
    for (let i = 0; i < value.length && !this.isFull; i++) {
      path.push(i);
      items.push(this.value(value[i], itemType));
      path.pop();
    }
    return items;
  }

  private object(value: unknown, type: GraphQLInputObjectType): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof ExactNumber)
      return this.fail(value, `Expected type "${type.name}" to be an object.`);
    if (this.isTooDeep()) return this.failDepth(value);
    const { fields, needed, defaults } = shapeOf(type);
    const coerced: Record<string, unknown> = {};
    // iterates over the given fields, not those of the type: a list may have many objects of a type with many fields
    const unknown: string[] = [];
    for (const name of Object.keys(value)) {
      if (this.errors.length + unknown.length >= this.maxErrors) break;
      const given = (value as Record<string, unknown>)[name];
      const field = fields.get(name);
      if (!field) unknown.push(name);
      else if (given !== undefined) coerced[name] = this.field(given, field);
    }
    for (const field of needed) {
      if (this.isFull) return undefined;
      if (Object.hasOwn(value, field.name) && (value as Record<string, unknown>)[field.name] !== undefined) continue;
      if (field.defaultValue !== undefined) {
        this.addDefault();
        coerced[field.name] = defaultOf(field, defaults);
      } else this.fail(value, `Field "${field.name}" of required type "${field.type}" was not provided.`);
    }
    for (const name of unknown) this.failUnknown(value, name, type);
    if (type.isOneOf) this.checkOneOf(value, coerced, type);
    return coerced;
  }

  private addDefault(): void {
    if (this.defaults === MAX_DEFAULTS)
      this.fail(undefined, `More than ${MAX_DEFAULTS} fields would get their default value.`);
    this.defaults += 1;
  }

  private field(given: unknown, field: GraphQLInputField): unknown {
    this.path.push(field.name);
    const value = this.value(given, field.type);
    this.path.pop();
    return value;
  }

  /** @see https://spec.graphql.org/draft/#sec-OneOf-Input-Objects */
  private checkOneOf(value: unknown, coerced: Record<string, unknown>, type: GraphQLInputObjectType): void {
    const keys = Object.keys(type.getFields()).filter((name) => Object.hasOwn(coerced, name));
    if (keys.length !== 1) this.fail(value, `Exactly one key must be specified for OneOf type "${type.name}".`);
    const [key] = keys;
    if (key === undefined || coerced[key] !== null) return;
    this.path.push(key);
    this.fail(null, `Field "${key}" must be non-null.`);
    this.path.pop();
  }

  private failUnknown(value: unknown, name: string, type: GraphQLInputObjectType): void {
    const suggestion = this.suggest('', name, () => Object.keys(type.getFields()));
    this.fail(value, `Field "${shorten(name)}" is not defined by type "${type.name}".${suggestion}`);
  }

  private suggest(what: string, name: string, candidates: () => string[]): string {
    if (this.hideSuggestions || this.isFull || this.suggestions >= MAX_SUGGESTIONS) return '';
    this.suggestions += 1;
    const close = nearest(name, candidates(), 3).map((one) => `"${one}"`);
    const last = close.pop();
    if (last === undefined) return '';
    return ` Did you mean ${what}${close.length > 0 ? `${close.join(', ')} or ${last}` : last}?`;
  }

  private isTooDeep(): boolean {
    return this.path.length >= MAX_LEVELS;
  }

  private failDepth(value: unknown): undefined {
    return this.fail(value, `Lists and objects nest more than ${MAX_LEVELS} levels deep.`);
  }

  private fail(value: unknown, message: string): undefined {
    if (!this.isFull) this.errors.push({ path: [...this.path], value, message });
  }
}

/** Coerces a valid literal without variables, and keeps the digits of its numbers. */
export function coerceDefault(literal: ValueNode, type: GraphQLInputType): unknown {
  return new InputCoercion({ maxErrors: 1 }).coerce(literalValue(literal), type);
}

/**
 * Returns the default of a field, read from its literal: graphql-js has converted the numbers in it to JavaScript
 * numbers.
 */
function defaultOf({ name, astNode, type, defaultValue }: GraphQLInputField, known: Map<string, unknown>): unknown {
  if (!astNode?.defaultValue) return defaultValue;
  let value = known.get(name);
  if (value === undefined) {
    value = coerceDefault(astNode.defaultValue, type);
    known.set(name, value);
  }
  return value;
}

/** The precomputed fields of an input object. */
interface InputShape {
  readonly fields: ReadonlyMap<string, GraphQLInputField>;
  /** Fields that have a default or are required. */
  readonly needed: readonly GraphQLInputField[];
  /** The defaults used so far, by field. */
  readonly defaults: Map<string, unknown>;
}

const shapes = new WeakMap<GraphQLInputObjectType, InputShape>();

function shapeOf(type: GraphQLInputObjectType): InputShape {
  let shape = shapes.get(type);
  if (!shape) {
    const fields = Object.values(type.getFields());
    shape = {
      fields: new Map(fields.map((field) => [field.name, field])),
      needed: fields.filter((field) => field.defaultValue !== undefined || isNonNullType(field.type)),
      defaults: new Map(),
    };
    shapes.set(type, shape);
  }
  return shape;
}
