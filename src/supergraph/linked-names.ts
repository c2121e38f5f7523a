import type { DefinitionNode, DirectiveNode, DocumentNode } from 'graphql';
import { Kind, visit } from 'graphql';
import type { Steps } from '../shared/steps.ts';
import { directiveUses, text } from './directives.ts';

/** Specifications whose directives appear in supergraphs, with their directives. */
const SPECIFICATIONS: Readonly<Record<string, readonly string[]>> = {
  inaccessible: ['inaccessible'],
  tag: ['tag'],
  authenticated: ['authenticated'],
  requiresScopes: ['requiresScopes'],
  policy: ['policy'],
  cost: ['cost', 'listSize'],
  context: ['context', 'fromContext'],
};

const DIRECTIVES = Object.values(SPECIFICATIONS).flat();

/**
 * Returns the names of the known specifications' directives in a supergraph: name in the document → name in the
 * specification.
 *
 * In:  `@link(url: "https://specs.apollo.dev/cost/v0.1", import: ["@cost", { name: "@listSize", as: "@size" }])`
 * Out: `cost → cost`, `size → listSize`, and every other directive under its own name and under that of subgraphs,
 * `federation__tag`
 *
 * @see https://specs.apollo.dev/link/v1.0/
 */
export function linkedNames(document: DocumentNode): ReadonlyMap<string, string> {
  const names = new Map(DIRECTIVES.flatMap((name) => [[name, name] as const, [`federation__${name}`, name] as const]));
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.SCHEMA_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION) continue;
    for (const link of directiveUses(definition, 'link')) addNames(link, text(link.url), names);
    for (const core of directiveUses(definition, 'core')) addNames(core, text(core.feature), names);
  }
  return names;
}

/** Renames the directives of the known specifications to their names in the specification. */
export function* withSpecificationNames(document: DocumentNode): Steps<DocumentNode> {
  const names = linkedNames(document);
  const definitions: DefinitionNode[] = [];
  for (const definition of document.definitions) {
    definitions.push(visit(definition, { Directive: (node) => renamed(node, names) }));
    yield;
  }
  return { ...document, definitions };
}

function renamed(node: DirectiveNode, names: ReadonlyMap<string, string>): DirectiveNode | undefined {
  const known = names.get(node.name.value) ?? node.name.value;
  return known === node.name.value ? undefined : { ...node, name: { ...node.name, value: known } };
}

function addNames(link: Record<string, unknown>, url: string | undefined, names: Map<string, string>): void {
  const imports = new Map<string, string>();
  for (const item of Array.isArray(link.import) ? link.import : [link.import]) {
    const { name, as } = typeof item === 'object' && item !== null ? item : { name: item, as: undefined };
    if (typeof name === 'string') imports.set((text(as) ?? name).replace(/^@/, ''), name.replace(/^@/, ''));
  }
  for (const [local, name] of specificationOf(url, text(link.as), imports)) names.set(local, name);
}

/**
 * Returns the names of a linked specification's directives: name in the document → name in the specification. Empty
 * for an unknown specification.
 * @param imports name in the document → name in the specification
 */
export function specificationOf(
  url: string | undefined,
  as: string | undefined,
  imports: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const specification = /\/([A-Za-z_][\w-]*)(?:\/v\d+(?:\.\d+)?)?\/?$/.exec(url ?? '')?.[1];
  const own = specification === 'federation' ? DIRECTIVES : ownDirectives(specification);
  if (specification === undefined || own === undefined) return names;
  const prefix = as ?? specification;
  for (const name of own) names.set(name === specification ? prefix : `${prefix}__${name}`, name);
  for (const [local, name] of imports) if (own.includes(name)) names.set(local, name);
  return names;
}

function ownDirectives(specification: string | undefined): readonly string[] | undefined {
  if (specification === undefined || !Object.hasOwn(SPECIFICATIONS, specification)) return undefined;
  return SPECIFICATIONS[specification];
}
