import type { Components } from './components.ts';
import type { JsonSchema } from './json-schema.ts';
import { pascalCase } from './names.ts';

type Definitions = { readonly $defs?: Record<string, JsonSchema>; readonly definitions?: Record<string, JsonSchema> };

/**
 * Returns a schema that a module exports as one for this document: each object within it is a component, and so is what
 * its references point to.
 * @param name the component that it will be, which the names of those within begin with
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
  const naming = new Naming(refs, components);
  for (const [key, one] of shared) {
    const component = refs.get(`#/$defs/${key}`) as string;
    components.define(component, naming.within(one, component));
  }
  return naming.within(root, name);
}

class Naming {
  readonly #refs: ReadonlyMap<string, string>;
  readonly #components: Components;

  constructor(refs: ReadonlyMap<string, string>, components: Components) {
    this.#refs = refs;
    this.#components = components;
  }

  /** A schema whose objects are named, but not itself. */
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
      ...(schema.anyOf && { anyOf: this.#forms(schema.anyOf, name) }),
      ...(schema.oneOf && { oneOf: this.#forms(schema.oneOf, name) }),
    };
  }

  #properties(properties: Readonly<Record<string, JsonSchema>>, name: string): Record<string, JsonSchema> {
    const entries = Object.entries(properties);
    return Object.fromEntries(entries.map(([key, schema]) => [key, this.#named(schema, name + pascalCase(key))]));
  }

  #forms(forms: readonly JsonSchema[], name: string): JsonSchema[] {
    return forms.map((form) => this.#named(form, name + pascalCase(form.title ?? '')));
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
