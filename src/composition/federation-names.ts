import type { ConstDirectiveNode, DocumentNode } from 'graphql';
import { Kind } from 'graphql';
import { directiveUses, text } from '../supergraph/directives.ts';
import { specificationOf } from '../supergraph/linked-names.ts';
import { FEDERATION_SCALARS, FEDERATION_SPEC, isFederationDirective, isFederationSpec } from './federation-link.ts';
import { SPEC as GATEWAY_SPEC } from './in-process-sources.ts';

/** Directives of the gateway that a schema file may use on types and fields. */
const GATEWAY_DIRECTIVES = new Set(['rateLimit', 'cacheControl', 'subgraph']);
const APOLLO_SPECS = 'https://specs.apollo.dev/';

/** A `@link` of a schema file to federation itself. */
export interface FederationLink {
  readonly node: ConstDirectiveNode;
  /** `v2.9` */
  readonly version: string;
  /** The prefix of names that are not imported: `fed2` with `@link(as: "fed2")`, by default `federation`. */
  readonly prefix: string;
}

/** The names of directives in one schema file, according to its `@link`s. */
export interface FederationNames {
  readonly link: FederationLink | undefined;
  /** Names that a `@link` to federation imports: name in the file → name in federation. */
  readonly imported: ReadonlyMap<string, string>;
  /** All other names of directives of federation or of the gateway: name in the file → original name. */
  readonly aliases: ReadonlyMap<string, string>;
  /**
   * Names of federation directives that the file imports from another specification: name → that specification and
   * its `@link`.
   */
  readonly foreign: ReadonlyMap<string, { readonly url: string; readonly node: ConstDirectiveNode }>;
  /** Names that `@composeDirective` copies into the supergraph, where they keep these names. */
  readonly composed: ReadonlySet<string>;
  /** Names of federation's scalars: name in the file → name in federation, such as `Scope`. */
  readonly scalars: ReadonlyMap<string, string>;
  /** `@link`s to the gateway's own specification, which the composer does not support. */
  readonly gatewayLinks: ReadonlySet<ConstDirectiveNode>;
}

/**
 * Reads the `@link`s of a schema file.
 * @see https://specs.apollo.dev/link/v1.0/
 */
export function readFederationNames(document: DocumentNode): FederationNames {
  const imported = new Map<string, string>();
  const aliases = prefixed('federation', isFederationDirective);
  for (const [local, name] of prefixed('headgate', isGatewayDirective)) aliases.set(local, name);
  const foreign = new Map<string, { url: string; node: ConstDirectiveNode }>();
  const scalars = new Map<string, string>();
  const gatewayLinks = new Set<ConstDirectiveNode>();
  const composed = composedNames(document);
  let link: FederationLink | undefined;
  for (const node of linksOf(document)) {
    const [use = {}] = directiveUses({ directives: [node] }, node.name.value);
    const url = text(use.url) ?? text(use.feature) ?? '';
    const as = text(use.as);
    const imports = importsOf(use.import);
    if (isFederationSpec(url)) {
      link ??= { node, version: url.slice(FEDERATION_SPEC.length), prefix: as ?? 'federation' };
      for (const [local, name] of imports) if (isFederationDirective(name)) imported.set(local, name);
      for (const [local, name] of importsOf(use.import, isScalar)) scalars.set(local, name);
      if (as !== undefined) for (const name of FEDERATION_SCALARS) scalars.set(`${as}__${name}`, name);
      if (as !== undefined) for (const [local, name] of prefixed(as, isFederationDirective)) aliases.set(local, name);
    } else if (url.startsWith(GATEWAY_SPEC.slice(0, GATEWAY_SPEC.lastIndexOf('/')))) {
      gatewayLinks.add(node);
      for (const [local, name] of imports) if (isGatewayDirective(name)) aliases.set(local, name);
      if (as !== undefined) for (const [local, name] of prefixed(as, isGatewayDirective)) aliases.set(local, name);
    } else if (url.startsWith(APOLLO_SPECS)) {
      for (const [local, name] of specificationOf(url, as, imports)) aliases.set(local, name);
    } else {
      for (const local of imports.keys()) if (isFederationDirective(local)) foreign.set(local, { url, node });
    }
  }
  return { link, imported, aliases, foreign, composed, scalars, gatewayLinks };
}

function isGatewayDirective(name: string): boolean {
  return GATEWAY_DIRECTIVES.has(name);
}

const DIRECTIVE_NAMES =
  'key requires provides external tag extends shareable override inaccessible interfaceObject composeDirective authenticated requiresScopes policy cost listSize context fromContext'
    .split(' ')
    .concat(...GATEWAY_DIRECTIVES);

function prefixed(prefix: string, accepts: (name: string) => boolean): Map<string, string> {
  return new Map(DIRECTIVE_NAMES.filter(accepts).map((name) => [`${prefix}__${name}`, name]));
}

function linksOf({ definitions }: DocumentNode): ConstDirectiveNode[] {
  return definitions.flatMap((node) =>
    node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION
      ? (node.directives ?? []).filter(({ name }) => name.value === 'link' || name.value === 'core')
      : [],
  );
}

const isDirective = (name: string) => name.startsWith('@');
const isScalar = (name: string) => FEDERATION_SCALARS.has(name);

/**
 * Returns the entries of an `import` list, by default the directives: name in the file → name in the specification,
 * both without `@`.
 */
function importsOf(list: unknown, accepts: (name: string) => boolean = isDirective): Map<string, string> {
  const imports = new Map<string, string>();
  for (const item of Array.isArray(list) ? list : [list]) {
    const { name, as } = typeof item === 'object' && item !== null ? item : { name: item, as: undefined };
    if (typeof name !== 'string' || !accepts(name)) continue;
    imports.set((typeof as === 'string' ? as : name).replace(/^@/, ''), name.replace(/^@/, ''));
  }
  return imports;
}

function composedNames({ definitions }: DocumentNode): Set<string> {
  return new Set(
    definitions.flatMap((node) =>
      node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION
        ? (node.directives ?? [])
            .filter(({ name }) => /(^|__)composeDirective$/.test(name.value))
            .flatMap(
              (use) => text(directiveUses({ directives: [use] }, use.name.value)[0]?.name)?.replace(/^@/, '') ?? [],
            )
        : [],
    ),
  );
}
