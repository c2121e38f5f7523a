import {
  type ConstArgumentNode,
  type ConstDirectiveNode,
  type ConstValueNode,
  type DirectiveDefinitionNode,
  type DirectiveNode,
  type DocumentNode,
  Kind,
  type NamedTypeNode,
  type ScalarTypeDefinitionNode,
  type SchemaExtensionNode,
  visit,
} from 'graphql';
import { emptyRequirements } from './empty-requirements.ts';
import { mismatchOf, olderThan, sinceVersion } from './federation-definitions.ts';
import { FEDERATION_SCALARS, isFederationDirective, isVersion2Only } from './federation-link.ts';
import { type FederationNames, readFederationNames } from './federation-names.ts';
import { interfaceMistakes } from './interface-directives.ts';
import type { SourceKind } from './source-definition.ts';
import type { DirectiveMistake } from './source-file.ts';

export interface NormalisedDirectives {
  readonly document: DocumentNode;
  readonly mistakes: readonly DirectiveMistake[];
}

/**
 * Renames the directives of federation and of the gateway to the names that composition expects, whatever names the
 * file uses. Composition drops a directive that it takes for the file's own silently, even `@authenticated`.
 *
 * In:  `directive @authenticated on FIELD_DEFINITION  type Query { me: User @authenticated }`
 * Out: `type Query { me: User @authenticated }`, which imports the directive from federation
 *
 * In:  `extend schema @link(url: ".../federation/v2.9", as: "fed")  type Query { me: User @fed__authenticated }`
 * Out: `extend schema @link(url: ".../federation/v2.9", import: ["@authenticated"])  type Query { me: User
 * @authenticated }`
 */
export function normaliseDirectives(source: DocumentNode, kind: SourceKind): NormalisedDirectives {
  const names = readFederationNames(source);
  const normaliser = new Normaliser(names, source, kind);
  return { document: normaliser.hasChanges ? normaliser.apply(source) : source, mistakes: normaliser.mistakes };
}

class Normaliser {
  readonly mistakes: DirectiveMistake[] = [];
  private readonly names: FederationNames;
  private readonly kind: SourceKind;
  private readonly definitions = new Map<string, DirectiveDefinitionNode>();
  /** Name in the file → name for composition. */
  private readonly renamed = new Map<string, string>();
  /** Definitions that those of federation or of the gateway replace. */
  private readonly dropped = new Set<string>();
  private readonly imports = new Set<string>();

  constructor(names: FederationNames, document: DocumentNode, kind: SourceKind) {
    this.names = names;
    this.kind = kind;
    const uses = new Map<string, DirectiveNode>();
    visit(document, {
      DirectiveDefinition: (node) => void this.definitions.set(node.name.value, node),
      Directive: (node) => void (uses.has(node.name.value) || uses.set(node.name.value, node)),
    });
    // files of federation 1 may define its directives; the composer handles that
    const keepsDefinitions =
      kind === 'subgraph' && !names.link && ![...uses.keys()].some((name) => this.needsVersion2(name));
    for (const [local, use] of uses) this.resolve(local, use, keepsDefinitions);
    const originalName = (local: string) => this.originalName(local);
    this.mistakes.push(...interfaceMistakes(document, originalName), ...emptyRequirements(document, originalName));
  }

  /** Returns the name in federation of a directive in the file; other names stay. */
  private originalName(local: string): string {
    return this.names.imported.get(local) ?? this.names.aliases.get(local) ?? local;
  }

  get hasChanges(): boolean {
    const { link, gatewayLinks, scalars } = this.names;
    const hasNames = this.renamed.size > 0 || this.dropped.size > 0 || scalars.size > 0;
    return hasNames || gatewayLinks.size > 0 || isPrefixed(link?.prefix);
  }

  /** Returns whether a use of the name needs federation 2. Files of version 1 may define what that version lacks. */
  private needsVersion2(local: string): boolean {
    if (this.names.aliases.has(local)) return isFederationDirective(this.names.aliases.get(local) ?? '');
    return isVersion2Only(local) && !(this.definitions.has(local) && IN_VERSION_1.has(local));
  }

  private resolve(local: string, use: DirectiveNode, keepsDefinitions: boolean): void {
    const { imported, aliases, foreign, composed, link } = this.names;
    if (composed.has(local)) return;
    const original = imported.get(local);
    // the schema of a plain service is generated, with a link of its own
    if (original !== undefined && original !== local && this.kind === 'service') this.renamed.set(local, original);
    if (original !== undefined) return;
    const alias = aliases.get(local);
    if (alias !== undefined) {
      // the composer supports these names wherever federation is linked
      const isKnown = this.kind !== 'service' && link !== undefined && !isPrefixed(link.prefix);
      if (local === `federation__${alias}` && isKnown) return;
      this.replace(local, alias, use);
    } else if (isFederationDirective(local)) {
      const other = foreign.get(local);
      if (other) return this.refuseForeign(local, other);
      if (keepsDefinitions || !this.definitions.has(local)) return;
      this.replace(local, local, use);
    }
  }

  private replace(local: string, name: string, use: DirectiveNode): void {
    const definition = this.definitions.get(local);
    if (!isFederationDirective(name)) {
      if (local !== name) this.renamed.set(local, name);
      if (definition) this.dropped.add(local);
      return;
    }
    // plain services may have the `@key` of schema stitching, which is another directive
    const mismatch = this.kind === 'service' && name === 'key' ? undefined : definition && mismatchOf(definition, name);
    if (definition && mismatch !== undefined) return this.refuseDefinition(definition, name, mismatch);
    const { version } = this.names.link ?? {};
    if (version !== undefined && olderThan(version, sinceVersion(name))) return this.refuseVersion(use, name, version);
    const known = [...this.names.imported].find(([, original]) => original === name)?.[0];
    const target = known === undefined || this.kind === 'service' ? name : known;
    if (target === name && !this.names.imported.has(name)) this.imports.add(name);
    if (target !== local) this.renamed.set(local, target);
    if (definition) this.dropped.add(local);
  }

  private refuseForeign(local: string, { url, node }: { url: string; node: ConstDirectiveNode }): void {
    this.mistakes.push({
      node,
      message: `@${local} is imported from ${url}, so it is not federation's @${local} and would have no effect.`,
      hint: `Import it from federation's @link, or under another name: {name: "@${local}", as: "@other"}.`,
    });
  }

  private refuseDefinition(node: DirectiveDefinitionNode, name: string, mismatch: string): void {
    const local = node.name.value;
    this.mistakes.push({
      node,
      message: `@${local} is defined differently from federation's @${name}: ${mismatch}. It would have no effect.`,
      hint: `Remove the definition and use federation's @${name}, or give the directive another name.`,
    });
  }

  private refuseVersion(node: DirectiveNode, name: string, version: string): void {
    const since = `v2.${sinceVersion(name)}`;
    this.mistakes.push({
      node,
      message: `@${name} has no effect here: the file links federation ${version}, and @${name} requires ${since}.`,
      hint: `Link https://specs.apollo.dev/federation/${since} or later, and import "@${name}".`,
    });
  }

  apply(source: DocumentNode): DocumentNode {
    const { link, gatewayLinks, scalars } = this.names;
    const prefix = link === undefined ? 'federation' : isPrefixed(link.prefix) ? link.prefix : undefined;
    const isPrefix = (name: string) => prefix !== undefined && name.startsWith(`${prefix}__`);
    const isDropped = (name: string) => this.dropped.has(name) || isPrefix(name);
    return visit(source, {
      DirectiveDefinition: (node) => (isDropped(node.name.value) ? null : undefined),
      ScalarTypeDefinition: (node) => withFullName(node, scalars) ?? (isPrefix(node.name.value) ? null : undefined),
      NamedType: (node) => withFullName(node, scalars),
      Directive: (node) => {
        if (gatewayLinks.has(node as ConstDirectiveNode)) return null;
        if (node === link?.node) return this.writeLink(node as ConstDirectiveNode);
        const target = this.renamed.get(node.name.value);
        return target === undefined ? undefined : { ...node, name: { ...node.name, value: target } };
      },
      SchemaExtension: {
        leave: (node: SchemaExtensionNode) =>
          node.directives?.length || node.operationTypes?.length ? undefined : null,
      },
    });
  }

  /**
   * Rewrites the federation link: without `as` and imports of scalars, which the composer does not support, and with
   * imports of all used directives.
   */
  private writeLink(node: ConstDirectiveNode): ConstDirectiveNode {
    const args = (node.arguments ?? []).filter(({ name }) => name.value !== 'as' && name.value !== 'import');
    const list = node.arguments?.find(({ name }) => name.value === 'import')?.value;
    const known: readonly ConstValueNode[] = list?.kind === Kind.LIST ? list.values : list ? [list] : [];
    const added = [...this.imports].map((name) => ({ kind: Kind.STRING, value: `@${name}` }) as const);
    const values = [...known.filter((item) => !isScalarImport(item)), ...added];
    if (values.length === 0) return { ...node, arguments: args };
    const name = { kind: Kind.NAME, value: 'import' } as const;
    const imports: ConstArgumentNode = { kind: Kind.ARGUMENT, name, value: { kind: Kind.LIST, values } };
    return { ...node, arguments: [...args, imports] };
  }
}

/** Directives that composition accepts in files of federation 1. */
const IN_VERSION_1 = new Set(['inaccessible', 'override']);

/**
 * Renames a scalar of federation to its full name, which the composer supports. Returns `undefined` for other types.
 */
function withFullName<T extends ScalarTypeDefinitionNode | NamedTypeNode>(
  node: T,
  scalars: FederationNames['scalars'],
): T | undefined {
  const scalar = scalars.get(node.name.value);
  return scalar === undefined ? undefined : { ...node, name: { ...node.name, value: `federation__${scalar}` } };
}

function isScalarImport(item: ConstValueNode): boolean {
  const name = item.kind === Kind.OBJECT ? item.fields.find((field) => field.name.value === 'name')?.value : item;
  return name?.kind === Kind.STRING && FEDERATION_SCALARS.has(name.value);
}

function isPrefixed(prefix: string | undefined): boolean {
  return prefix !== undefined && prefix !== 'federation';
}
