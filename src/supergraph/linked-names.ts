import type { DocumentNode } from 'graphql';
import { Kind } from 'graphql';
import { directiveUses, text } from './directives.ts';

/** Specifications whose directives reach the supergraph, with the directives that each brings. */
const SPECIFICATIONS: Readonly<Record<string, readonly string[]>> = {
  inaccessible: ['inaccessible'],
  tag: ['tag'],
  authenticated: ['authenticated'],
  requiresScopes: ['requiresScopes'],
  policy: ['policy'],
  cost: ['cost', 'listSize'],
  context: ['context', 'fromContext'],
};

/**
 * What the directives of the known specifications are called in a supergraph: name in the document → name in the
 * specification.
 *
 * In:  `@link(url: "https://specs.apollo.dev/cost/v0.1", import: ["@cost", { name: "@listSize", as: "@size" }])`
 * Out: `cost → cost`, `size → listSize`, and every other one under its own name
 *
 * @see https://specs.apollo.dev/link/v1.0/
 */
export function linkedNames(document: DocumentNode): ReadonlyMap<string, string> {
  const names = new Map(Object.values(SPECIFICATIONS).flatMap((all) => all.map((name) => [name, name] as const)));
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.SCHEMA_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION) continue;
    for (const link of directiveUses(definition, 'link')) addNames(link, text(link.url), names);
    for (const core of directiveUses(definition, 'core')) addNames(core, text(core.feature), names);
  }
  return names;
}

/** What a directive of a known specification is called in a document. */
export function localName(document: DocumentNode, name: string): string {
  let local = name;
  for (const [key, known] of linkedNames(document)) if (known === name) local = key;
  return local;
}

function addNames(link: Record<string, unknown>, url: string | undefined, names: Map<string, string>): void {
  const specification = /\/([A-Za-z_][\w-]*)\/v\d+\.\d+\/?$/.exec(url ?? '')?.[1];
  const own = specification === undefined ? undefined : SPECIFICATIONS[specification];
  if (specification === undefined || own === undefined) return;
  const prefix = text(link.as) ?? specification;
  for (const name of own) names.set(name === specification ? prefix : `${prefix}__${name}`, name);
  for (const imported of Array.isArray(link.import) ? link.import : []) {
    const { name, as } = typeof imported === 'string' ? { name: imported, as: imported } : imported;
    const known = own.find((directive) => `@${directive}` === name);
    if (known) names.set(String(as ?? name).slice(1), known);
  }
}
