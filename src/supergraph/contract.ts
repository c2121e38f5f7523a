import type {
  ConstDirectiveNode,
  DefinitionNode,
  DocumentNode,
  FieldDefinitionNode,
  TypeDefinitionNode,
} from 'graphql';
import { isTypeDefinitionNode, Kind, visit } from 'graphql';
import type { Steps } from '../shared/steps.ts';
import { checkContract } from './contract-check.ts';
import { directiveUses, hasDirective } from './directives.ts';
import { isFederationInternal } from './join-spec.ts';
import { withSpecificationNames } from './linked-names.ts';
import { parseInSteps } from './parse-in-steps.ts';
import { buildPublicSchema } from './public-schema.ts';
import type { Supergraph } from './supergraph.ts';
import { visibleTypes } from './visible-types.ts';

/** A part of the public schema for some clients, chosen by `@tag`. */
export interface Contract {
  readonly name: string;
  /** Only fields and unions with one of these tags are shown; an empty list shows all. */
  readonly include: readonly string[];
  /** Everything with one of these tags is hidden, whatever other tags it has. */
  readonly exclude: readonly string[];
}

/**
 * Returns a supergraph as the clients of a contract see it: the same subgraphs, another public schema.
 * @throws SupergraphError as {@link applyContract} does
 */
export function* supergraphForContract(supergraph: Supergraph, contract: Contract): Steps<Supergraph> {
  const document = yield* applyContract(yield* parseInSteps(supergraph.sdl), contract);
  return { ...supergraph, publicSchema: yield* buildPublicSchema(document, supergraph.hasDefer) };
}

type Tagged = { readonly directives?: readonly ConstDirectiveNode[] | undefined };

/**
 * Marks everything that a contract does not show as inaccessible: fields of objects and interfaces and unions that
 * are not included, all elements that are excluded, empty types, and types that are no longer reachable. A tag on a
 * type counts for all its fields. Enums, inputs, scalars and arguments need no included tag.
 *
 * In:  `type User { id: ID! @tag(name: "public") email: String }` and `include: ["public"]`
 * Out: `type User { id: ID! @tag(name: "public") email: String @inaccessible }`
 *
 * @throws SupergraphError when nothing of `Query` is left, or the visible schema is not consistent
 * @see https://www.apollographql.com/docs/graphos/platform/schema-management/delivery/contracts/reference
 */
export function* applyContract(document: DocumentNode, contract: Contract): Steps<DocumentNode> {
  const names = { tag: 'tag', inaccessible: 'inaccessible' };
  const marker = new ContractMarker(contract, names);
  const marked = yield* marker.mark(yield* withSpecificationNames(document));
  const shown = visibleTypes(marked, names.inaccessible);
  yield;
  checkContract(marked, contract, shown, names.inaccessible);
  yield;
  const definitions = marked.definitions.map((node) => {
    if (!isTypeDefinitionNode(node)) return node;
    const isKnown = isFederationInternal(node.name.value) || shown.has(node.name.value);
    return isKnown ? node : hide(node, names.inaccessible);
  });
  return { ...marked, definitions };
}

/** Returns all tags of a supergraph. */
export function* tagsOf(sdl: string): Steps<ReadonlySet<string>> {
  const document = yield* withSpecificationNames(yield* parseInSteps(sdl));
  const tags = new Set<string>();
  for (const definition of document.definitions) {
    visit(definition, {
      Directive({ name, arguments: given = [] }) {
        if (name.value !== 'tag') return;
        for (const { value } of given) if (value.kind === Kind.STRING) tags.add(value.value);
      },
    });
    yield;
  }
  return tags;
}

/** Marks each element by its own tags and those of the type around it. */
class ContractMarker {
  private readonly include: ReadonlySet<string>;
  private readonly exclude: ReadonlySet<string>;
  private readonly names: { readonly tag: string; readonly inaccessible: string };

  constructor(contract: Contract, names: ContractMarker['names']) {
    this.include = new Set(contract.include);
    this.exclude = new Set(contract.exclude);
    this.names = names;
  }

  *mark(document: DocumentNode): Steps<DocumentNode> {
    const definitions: DefinitionNode[] = [];
    for (const definition of document.definitions) {
      const isOwn = isTypeDefinitionNode(definition) && !isFederationInternal(definition.name.value);
      definitions.push(isOwn ? this.type(definition) : definition);
      yield;
    }
    return { ...document, definitions };
  }

  private type(definition: TypeDefinitionNode): TypeDefinitionNode {
    const tags = this.tags(definition);
    const whole = this.decide(definition, tags, definition.kind === Kind.UNION_TYPE_DEFINITION);
    switch (whole.kind) {
      case Kind.OBJECT_TYPE_DEFINITION:
      case Kind.INTERFACE_TYPE_DEFINITION:
        return { ...whole, fields: (whole.fields ?? []).map((field) => this.field(field, tags)) };
      case Kind.INPUT_OBJECT_TYPE_DEFINITION:
        return { ...whole, fields: (whole.fields ?? []).map((field) => this.decide(field, this.tags(field), false)) };
      case Kind.ENUM_TYPE_DEFINITION:
        return { ...whole, values: (whole.values ?? []).map((value) => this.decide(value, this.tags(value), false)) };
      default:
        return whole;
    }
  }

  private field(field: FieldDefinitionNode, ofType: readonly string[]): FieldDefinitionNode {
    const decided = this.decide(field, [...ofType, ...this.tags(field)], true);
    const args = (field.arguments ?? []).map((argument) => this.decide(argument, this.tags(argument), false));
    return { ...decided, arguments: args };
  }

  private decide<T extends Tagged>(node: T, tags: readonly string[], needsInclusion: boolean): T {
    const excluded = tags.some((tag) => this.exclude.has(tag));
    const included = !needsInclusion || this.include.size === 0 || tags.some((tag) => this.include.has(tag));
    return included && !excluded ? node : hide(node, this.names.inaccessible);
  }

  private tags(node: Tagged): string[] {
    return directiveUses(node, this.names.tag).map((use) => String(use.name));
  }
}

function hide<T extends Tagged>(node: T, inaccessible: string): T {
  if (hasDirective(node, inaccessible)) return node;
  const directive = { kind: Kind.DIRECTIVE, name: { kind: Kind.NAME, value: inaccessible } } as const;
  return { ...node, directives: [...(node.directives ?? []), directive] };
}
