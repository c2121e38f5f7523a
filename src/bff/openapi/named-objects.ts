import type { Components } from './components.ts';
import type { JsonSchema } from './json-schema.ts';
import { pascalCase } from './names.ts';

type Definitions = { readonly $defs?: Record<string, JsonSchema>; readonly definitions?: Record<string, JsonSchema> };

/**
 * Converts the schema of a shape module for a document. Each object within it becomes a component, and so do the targets of
 * its references.
 * @param name name of the schema's component; names of components within it start with it
 */
export function withNamedObjects(schema: JsonSchema & Definitions, name: string, components: Components): JsonSchema {
  const { $defs = {}, definitions = {}, ...root } = schema;
  const refs = new Map<string, string>([['#', name]]);
  const shared = [...Object.entries($defs), ...Object.entries(definitions)];
  for (const [key] of shared) {
    const component = components.claim(name + pascalCase(key));
    refs.set(`#/$defs/${key}`, component);
    refs.set(`#/definitions/${key}`, component);
  }
  const namer = new ObjectNamer(refs, components);
  for (const [key, one] of shared) {
    const component = refs.get(`#/$defs/${key}`) as string;
    components.define(component, namer.within(one, component));
  }
  return namer.within(root, name);
}

/** Replaces objects in a schema with references to components. */
class ObjectNamer {
  readonly #refs: ReadonlyMap<string, string>;
  readonly #components: Components;

  constructor(refs: ReadonlyMap<string, string>, components: Components) {
    this.#refs = refs;
    this.#components = components;
  }

  /** Returns the schema with its nested objects replaced, but not the schema itself. */
  within(schema: JsonSchema, name: string): JsonSchema {
    const target = schema.$ref === undefined ? undefined : this.#refs.get(schema.$ref);
    return {
      ...schema,
      ...(target !== undefined && this.#components.refTo(target)),
      ...(schema.properties && { properties: this.#properties(schema.properties, name) }),
      ...(schema.items && { items: this.#named(schema.items, name) }),
      ...(typeof schema.additionalProperties === 'object' && {
        additionalProperties: this.#named(schema.additionalProperties, `${name}Value`),
      }),
      ...(schema.anyOf && { anyOf: this.#alternatives(schema.anyOf, name) }),
      ...(schema.oneOf && { oneOf: this.#alternatives(schema.oneOf, name) }),
    };
  }

  #properties(properties: Readonly<Record<string, JsonSchema>>, name: string): Record<string, JsonSchema> {
    const entries = Object.entries(properties);
    return Object.fromEntries(entries.map(([key, schema]) => [key, this.#named(schema, name + pascalCase(key))]));
  }

  #alternatives(alternatives: readonly JsonSchema[], name: string): JsonSchema[] {
    return alternatives.map((alternative) => this.#named(alternative, name + pascalCase(alternative.title ?? '')));
  }

  #named(schema: JsonSchema, name: string): JsonSchema {
    if (schema.properties === undefined) return this.within(schema, name);
    const isNullable = Array.isArray(schema.type) && schema.type.includes('null');
    const component = this.#components.claim(name);
    const object = { ...this.within(schema, component), ...(isNullable && { type: 'object' }) };
    const ref = this.#components.define(component, object);
    return isNullable ? { anyOf: [ref, { type: 'null' }] } : ref;
  }
}
