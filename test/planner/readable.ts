import type { FieldNode, GraphQLSchema, SelectionSetNode } from 'graphql';
import { Kind, parse, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import type { PlannedRequest } from '../../src/planner/plan.ts';
import type { RepresentationSelection } from '../../src/planner/positions.ts';
import type { Supergraph } from '../../src/supergraph/supergraph.ts';

/**
 * Fields in a request's document that its subgraph declares but does not resolve there: `@external` ones that no
 * `@provides` on the way covers, those whose `@requires` the look-up does not send, and those that are not passed what they
 * take from a context. One text for each.
 */
export function readsWhatItMay(
  { subgraph, document, lookups }: PlannedRequest,
  schema: GraphQLSchema,
  supergraph: Supergraph,
): string[] {
  const problems: string[] = [];
  const info = new TypeInfo(schema);
  /** The field sets that hold for the selection at each depth; below `_entities`, also what the look-up sends. */
  const provided: SelectionSetNode[][] = [[]];
  let sent: { depth: number; fields: RepresentationSelection } | undefined;
  const enter = (node: FieldNode) => {
    const parent = info.getParentType()?.name ?? '';
    const name = node.name.value;
    const field = subgraph.types.get(parent)?.fields.get(name);
    const around = provided.at(-1) ?? [];
    if (name === '_entities') {
      const alias = node.alias?.value ?? name;
      sent = { depth: provided.length, fields: lookups.find((l) => l.alias === alias)?.representation.fields ?? [] };
    }
    if (field) {
      const coordinate = `${parent}.${name}`;
      if (field.external && !covers(around, name)) problems.push(`${coordinate} is external there`);
      const inputs = sent?.depth === provided.length - 1 ? sent.fields : [];
      // an interface's field is, for each object, that of the object's type
      const types = [parent, ...(subgraph.types.get(parent)?.possible ?? [])];
      for (const type of new Set(types)) {
        const requires = subgraph.types.get(type)?.fields.get(name)?.requires;
        if (requires && !sends(inputs, requires, [type], supergraph))
          problems.push(`${type}.${name} lacks what it requires`);
      }
      for (const { name: argument } of field.contextArguments)
        if (!node.arguments?.some((passed) => passed.name.value === argument))
          problems.push(`${coordinate} lacks its argument "${argument}", which is from a context`);
    }
    provided.push([...below(around, name), ...(field?.provides ? [field.provides] : [])]);
  };
  const leave = () => void provided.pop();
  visit(parse(document), visitWithTypeInfo(info, { Field: { enter, leave } }));
  return problems;
}

function fieldsOf(set: SelectionSetNode): FieldNode[] {
  return set.selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    return selection.kind === Kind.INLINE_FRAGMENT ? fieldsOf(selection.selectionSet) : [];
  });
}

function covers(sets: readonly SelectionSetNode[], name: string): boolean {
  return sets.some((set) => fieldsOf(set).some((field) => field.name.value === name));
}

function below(sets: readonly SelectionSetNode[], name: string): SelectionSetNode[] {
  const fields = sets.flatMap(fieldsOf).filter((field) => field.name.value === name);
  return fields.flatMap((field) => field.selectionSet ?? []);
}

function flatten(items: RepresentationSelection): RepresentationSelection {
  return items.flatMap((item) => (item.kind === 'typeCondition' ? flatten(item.nested) : [item]));
}

/** @param types those that the object may have */
function sends(
  items: RepresentationSelection,
  set: SelectionSetNode,
  types: readonly string[],
  supergraph: Supergraph,
): boolean {
  const flat = flatten(items);
  return set.selections.every((selection) => {
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      const left = narrowed(types, selection.typeCondition?.name.value, supergraph);
      // a fragment on a type that no such object has requires nothing
      return left.length === 0 || sends(items, selection.selectionSet, left, supergraph);
    }
    const name = selection.kind === Kind.FIELD ? selection.name.value : '__typename';
    if (name === '__typename' || selection.kind !== Kind.FIELD) return true;
    const found = flat.filter((item) => item.kind === 'field' && item.name === name);
    if (found.length === 0 || !selection.selectionSet) return found.length > 0;
    const nested = found.flatMap((item) => item.nested ?? []);
    return sends(nested, selection.selectionSet, typesBelow(types, name, supergraph), supergraph);
  });
}

function narrowed(types: readonly string[], condition: string | undefined, { types: all }: Supergraph): string[] {
  const possible = condition === undefined ? undefined : all.get(condition)?.possible;
  return types.filter((type) => !possible || type === condition || possible.has(type));
}

/** The types of the objects that any subgraph may return for a field: it knows only those that it defines. */
function typesBelow(types: readonly string[], name: string, { subgraphs }: Supergraph): string[] {
  const found = subgraphs.flatMap((subgraph) =>
    types.flatMap((type) => {
      const field = subgraph.types.get(type)?.fields.get(name);
      const returned = field && !field.external ? subgraph.types.get(field.namedType) : undefined;
      return returned ? [...returned.possible] : [];
    }),
  );
  return [...new Set(found)];
}
