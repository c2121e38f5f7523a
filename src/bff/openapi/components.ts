import type { GraphQLNamedType, GraphQLSchema } from 'graphql';
import type { JsonSchema } from './json-schema.ts';
import { firstFree, OWN_COMPONENTS, typeNamesOf } from './names.ts';

/**
 * Named schemas that other schemas refer to. Enums and input objects keep the names of their types; objects of answers are
 * named after their endpoint and their place in its answer, so that no other endpoint changes them.
 */
export class Components {
  readonly schemas = new Map<string, JsonSchema>();
  readonly #prefix: string;
  readonly #typeNames: ReadonlyMap<string, string>;
  readonly #taken: Set<string>;

  /**
   * @param prefix where a reference finds a component: `#/components/schemas/`
   * @param reserved more names that no component may have
   */
  constructor(prefix: string, schema: GraphQLSchema, reserved: readonly string[] = []) {
    this.#prefix = prefix;
    const own = new Set([...OWN_COMPONENTS, ...reserved]);
    this.#typeNames = typeNamesOf(schema, own);
    this.#taken = new Set([...own, ...this.#typeNames.values()]);
  }

  /** Refers to an enum or input object, which `make` describes when it is first met. */
  refer(type: GraphQLNamedType, make: () => JsonSchema): JsonSchema {
    const name = this.#typeNames.get(type.name) ?? type.name;
    if (!this.schemas.has(name)) {
      // for types that hold themselves
      this.schemas.set(name, {});
      this.schemas.set(name, make());
    }
    return this.refTo(name);
  }

  /** Returns a name for a component that no other has: the wished one wherever that is free. */
  claim(wished: string): string {
    const name = firstFree(wished, this.#taken);
    this.#taken.add(name);
    return name;
  }

  /** Adds a component with a name that was claimed, or that is one of our own. */
  define(name: string, schema: JsonSchema): JsonSchema {
    this.schemas.set(name, schema);
    return this.refTo(name);
  }

  refTo(name: string): JsonSchema {
    return { $ref: this.#prefix + name };
  }

  /** Returns the schema itself, or the component that it refers to. */
  resolve(schema: JsonSchema): JsonSchema {
    if (schema.$ref === undefined) return schema;
    return this.schemas.get(schema.$ref.slice(this.#prefix.length)) ?? {};
  }
}
