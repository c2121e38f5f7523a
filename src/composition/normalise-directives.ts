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
import { FEDERATION_SCALARS, isFederationDirective, needsSecondVersion } from './federation-link.ts';
import { type FederationNames, readFederationNames } from './federation-names.ts';
import { interfaceMistakes } from './interface-directives.ts';
import type { SourceKind } from './source-definition.ts';
import type { DirectiveMistake } from './source-file.ts';

export interface NormalisedDirectives {
  readonly document: DocumentNode;
  readonly mistakes: readonly DirectiveMistake[];
}

/**
 * Brings the directives of federation and of the gateway under the names by which composition knows them, in whatever way
 * the file names them. Composition drops a directive that it takes for the file's own without a word, `@authenticated` too.
 *
 * In:  `directive @authenticated on FIELD_DEFINITION  type Query { me: User @authenticated }`
 * Out: `type Query { me: User @authenticated }`, which imports the directive from federation
 *
 * In:  `extend schema @link(url: ".../federation/v2.9", as: "fed")  type Query { me: User @fed__authenticated }`
 * Out: `extend schema @link(url: ".../federation/v2.9", import: ["@authenticated"])  type Query { me: User @authenticated }`
 */
export function normaliseDirectives(source: DocumentNode, kind: SourceKind): NormalisedDirectives {
  const names = readFederationNames(source);
  const plan = new Normaliser(names, source, kind);
  return { document: plan.changes ? plan.apply(source) : source, mistakes: plan.mistakes };
}

class Normaliser {
  readonly mistakes: DirectiveMistake[] = [];
  private readonly names: FederationNames;
  private readonly kind: SourceKind;
  private readonly definitions = new Map<string, DirectiveDefinitionNode>();
  /** Name in the file → name to compose under. */
  private readonly renamed = new Map<string, string>();
  /** Definitions that federation's or the gateway's replace. */
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
    // what federation 1 has may be defined by its files; the composer sees to that
    const keepsOwn = kind === 'subgraph' && !names.link && ![...uses.keys()].some((name) => this.isSecond(name));
    for (const [local, use] of uses) this.resolve(local, use, keepsOwn);
    const meaning = (local: string) => this.meaning(local);
    this.mistakes.push(...interfaceMistakes(document, meaning), ...emptyRequirements(document, meaning));
  }

  /** The directive of federation that a name of the file means; other names mean themselves. */
  private meaning(local: string): string {
    return this.names.imported.get(local) ?? this.names.aliases.get(local) ?? local;
  }

  get changes(): boolean {
    const { link, gatewayLinks, scalars } = this.names;
    const hasNames = this.renamed.size > 0 || this.dropped.size > 0 || scalars.size > 0;
    return hasNames || gatewayLinks.size > 0 || isPrefixed(link?.prefix);
  }

  /** Whether a use of the name needs federation 2, the file's own definitions of what version 1 had left out. */
  private isSecond(local: string): boolean {
    if (this.names.aliases.has(local)) return isFederationDirective(this.names.aliases.get(local) ?? '');
    return needsSecondVersion(local) && !(this.definitions.has(local) && IN_FIRST_VERSION.has(local));
  }

  private resolve(local: string, use: DirectiveNode, keepsOwn: boolean): void {
    const { imported, aliases, foreign, composed, link } = this.names;
    if (composed.has(local)) return;
    const original = imported.get(local);
    // a plain service is written anew, with a link of its own
    if (original !== undefined && original !== local && this.kind === 'service') this.renamed.set(local, original);
    if (original !== undefined) return;
    const alias = aliases.get(local);
    if (alias !== undefined) {
      // the composer knows these itself wherever federation is linked
      const isKnown = this.kind !== 'service' && link !== undefined && !isPrefixed(link.prefix);
      if (local === `federation__${alias}` && isKnown) return;
      this.replace(local, alias, use);
    } else if (isFederationDirective(local)) {
      const other = foreign.get(local);
      if (other) return this.refuseForeign(local, other);
      if (keepsOwn || !this.definitions.has(local)) return;
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
    // stitching's `@key` is another one, which plain services may have
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
      message: `@${local} is imported from ${url}, so it would not mean what federation's @${local} means, and have no effect.`,
      hint: `Import it from federation's @link, or under another name: {name: "@${local}", as: "@other"}.`,
    });
  }

  private refuseDefinition(node: DirectiveDefinitionNode, name: string, mismatch: string): void {
    const local = node.name.value;
    this.mistakes.push({
      node,
      message: `@${local} is defined otherwise than federation's @${name}: ${mismatch}. It would have no effect.`,
      hint: `Remove the definition and use federation's @${name}, or give the directive another name.`,
    });
  }

  private refuseVersion(node: DirectiveNode, name: string, version: string): void {
    const since = `v2.${sinceVersion(name)}`;
    this.mistakes.push({
      node,
      message: `@${name} has no effect here: the file links federation ${version}, and @${name} came with ${since}.`,
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
   * Without `as` and imports of scalars, which the composer does not know, and with all that is used in the list of
   * imports.
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

/** Directives that federation 1 has, or that composition takes over from files of that version. */
const IN_FIRST_VERSION = new Set(['inaccessible', 'override']);

/** By its full name, the composer knows each scalar of federation. `undefined` for other types. */
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
