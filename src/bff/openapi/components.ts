import type { GraphQLNamedType, GraphQLSchema } from 'graphql';
import type { JsonSchema } from './json-schema.ts';
import { firstUnusedName, RESERVED_COMPONENTS, typeNamesOf } from './names.ts';

/**
 * Named schemas that other schemas refer to. Enums and input objects have the names of their types. Objects of responses are
 * named after their endpoint and their position, so that other endpoints do not change these names.
 */
export class Components {
  readonly schemas = new Map<string, JsonSchema>();
  readonly #prefix: string;
  readonly #typeNames: ReadonlyMap<string, string>;
  readonly #taken: Set<string>;

  /**
   * @param prefix prefix of references: `#/components/schemas/`
   * @param reserved additional names that no component may have
   */
  constructor(prefix: string, schema: GraphQLSchema, reserved: readonly string[] = []) {
    this.#prefix = prefix;
    const allReserved = new Set([...RESERVED_COMPONENTS, ...reserved]);
    this.#typeNames = typeNamesOf(schema, allReserved);
    this.#taken = new Set([...allReserved, ...this.#typeNames.values()]);
  }

  /** Returns a reference to an enum or input object. Calls `make` for its schema at the first reference. */
  refer(type: GraphQLNamedType, make: () => JsonSchema): JsonSchema {
    const name = this.#typeNames.get(type.name) ?? type.name;
    if (!this.schemas.has(name)) {
      // a placeholder for recursive types
      this.schemas.set(name, {});
      this.schemas.set(name, make());
    }
    return this.refTo(name);
  }

  /** Reserves a unique component name: the preferred one if it is free. */
  claim(preferred: string): string {
    const name = firstUnusedName(preferred, this.#taken);
    this.#taken.add(name);
    return name;
  }

  /** Adds a component with a claimed or built-in name; returns a reference to it. */
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
