import {
  type ASTNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type FragmentSpreadNode,
  type GraphQLSchema,
  getNamedType,
  type InlineFragmentNode,
  isCompositeType,
  Kind,
  parse,
  print,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { GeneratedQuery } from './generate-query.ts';

/** Smaller versions of a query, the greatest cuts first. Not all are valid: see `fitQuery`. */
export function* smallerQueries(original: GeneratedQuery): Iterable<GeneratedQuery> {
  const document = parse(original.query, { noLocation: true });
  for (const change of changesOf(document)) {
    let seen = -1;
    const changed = visit(document, {
      enter() {
        seen++;
        return seen === change.at ? change.to : undefined;
      },
    });
    yield { query: print(changed), variables: original.variables };
  }
}

interface Change {
  /** The node's place in document order, parents before children. */
  readonly at: number;
  /** What it becomes; `null` removes it. */
  readonly to: ASTNode | null;
  readonly gain: number;
}

function changesOf(document: DocumentNode): Change[] {
  const changes: Change[] = [];
  const fragments = new Map(
    document.definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])),
  );
  let at = -1;
  visit(document, {
    enter(node) {
      at++;
      if (node.kind === Kind.FIELD || node.kind === Kind.INLINE_FRAGMENT)
        changes.push({ at, to: null, gain: print(node).length });
      if (node.kind === Kind.FRAGMENT_SPREAD) {
        changes.push({ at, to: null, gain: 1000 });
        const fragment = fragments.get(node.name.value);
        if (fragment) changes.push({ at, to: inlined(node, fragment), gain: 2 });
      }
      if (node.kind === Kind.SELECTION_SET) {
        const lifted = node.selections.flatMap((selection) =>
          selection.kind === Kind.INLINE_FRAGMENT ? selection.selectionSet.selections : [selection],
        );
        if (lifted.length !== node.selections.length || lifted[0] !== node.selections[0])
          changes.push({ at, to: { ...node, selections: lifted }, gain: 5 });
      }
      if (node.kind === Kind.ARGUMENT || node.kind === Kind.DIRECTIVE) changes.push({ at, to: null, gain: 3 });
      if (node.kind === Kind.FIELD && node.alias) changes.push({ at, to: withoutAlias(node), gain: 1 });
    },
  });
  return changes.sort((left, right) => right.gain - left.gain);
}

function inlined(
  spread: FragmentSpreadNode,
  { typeCondition, selectionSet }: FragmentDefinitionNode,
): InlineFragmentNode {
  return { kind: Kind.INLINE_FRAGMENT, directives: spread.directives ?? [], typeCondition, selectionSet };
}

function withoutAlias(node: FieldNode): FieldNode {
  const { alias: _, ...bare } = node;
  return bare;
}

/** Takes out of a query what the schema does not have, and what nothing uses. `undefined` if no valid query is left. */
export function fitQuery(schema: GraphQLSchema, { query, variables }: GeneratedQuery): GeneratedQuery | undefined {
  try {
    const fitted = dropUnused(dropUnknown(schema, parse(query, { noLocation: true })));
    const operation = fitted.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
    if (!operation || operation.selectionSet.selections.length === 0) return undefined;
    if (validate(schema, fitted).length > 0) return undefined;
    const text = print(fitted);
    const used = Object.entries(variables).filter(([name]) => new RegExp(`\\$${name}\\b`).test(text));
    return { query: text, variables: Object.fromEntries(used) };
  } catch {
    return undefined;
  }
}

function dropUnknown(schema: GraphQLSchema, document: DocumentNode): DocumentNode {
  const typeInfo = new TypeInfo(schema);
  return visit(
    document,
    visitWithTypeInfo(typeInfo, {
      enter(node) {
        if (node.kind === Kind.FIELD) {
          const field = typeInfo.getFieldDef();
          if (!field || isCompositeType(getNamedType(field.type)) !== (node.selectionSet !== undefined)) return null;
        }
        if (node.kind === Kind.ARGUMENT && !typeInfo.getArgument()) return null;
        return undefined;
      },
      leave(node) {
        if (node.kind === Kind.FIELD || node.kind === Kind.INLINE_FRAGMENT) {
          if (node.selectionSet && node.selectionSet.selections.length === 0) return null;
        }
        return undefined;
      },
    }),
  );
}

function dropUnused(document: DocumentNode): DocumentNode {
  let current = document;
  for (;;) {
    const spreads = new Set<string>();
    const variables = new Set<string>();
    visit(current, {
      FragmentSpread: (node) => void spreads.add(node.name.value),
      VariableDefinition: () => false,
      Variable: (node) => void variables.add(node.name.value),
    });
    const next = visit(current, {
      FragmentDefinition: (node) =>
        spreads.has(node.name.value) && node.selectionSet.selections.length > 0 ? undefined : null,
      VariableDefinition: (node) => (variables.has(node.variable.name.value) ? undefined : null),
    });
    if (next.definitions.length === current.definitions.length) return next;
    current = next;
  }
}
