import { type DocumentNode, Kind, print, type SelectionSetNode } from 'graphql';
import { contextKey } from '../../planner/contexts.ts';
import type { Provider } from '../../planner/field-index.ts';
import type { Subgraph, SubgraphType } from '../../supergraph/supergraph.ts';
import type { Unsatisfiable } from './check.ts';
import { printQuery } from './print-query.ts';

/** A failure as a message for people. */
export interface Explanation {
  readonly message: string;
  readonly hint: string;
  /** Schema coordinates to show: the first one that exists. */
  readonly places: readonly { readonly subgraph: string; readonly coordinate: string }[];
}

/** Explains why a field cannot be resolved, for each subgraph that has it, and what would help. */
export function explain(failure: Unsatisfiable, supergraph: DocumentNode): Explanation {
  const { state, field } = failure;
  if (field === undefined) return explainTypename(failure, supergraph);
  const type = state.typeName;
  const here = currentSubgraphs(failure);
  const providers = providersOf(failure, field);
  const reasons = providers.map((provider) => reasonAgainst(failure, provider));
  const externals = externalsOf(failure, field);
  for (const subgraph of externals) reasons.push(`"${subgraph.name}" only has it as @external.`);
  const lines = [
    `No subgraph can resolve "${type}.${field}" in this query:`,
    printQuery(failure, supergraph),
    `Here "${type}" comes from ${list(here.map(({ name }) => name))}${providers.some((p) => here.includes(p.subgraph)) ? '' : ', without the field'}.`,
    ...reasons.map((reason) => `- ${reason}`),
  ];
  const places = [
    ...providers.map(({ subgraph, type: own }) => ({ subgraph: subgraph.name, coordinate: `${own.name}.${field}` })),
    ...externals.map(({ name }) => ({ subgraph: name, coordinate: `${type}.${field}` })),
    ...here.map(({ name }) => ({ subgraph: name, coordinate: type })),
  ];
  return { message: lines.join('\n'), hint: hintOf(failure, providers, here), places };
}

function explainTypename(failure: Unsatisfiable, supergraph: DocumentNode): Explanation {
  const type = failure.state.typeName;
  const here = currentSubgraphs(failure);
  const lines = [
    `No subgraph can resolve "__typename" of "${type}" in this query:`,
    printQuery(failure, supergraph),
    `Here "${type}" comes from ${list(here.map(({ name }) => name))}, as an @interfaceObject.`,
  ];
  const keys = here.flatMap(({ types }) => types.get(type)?.keys.map((key) => fieldsOf(key.fields)) ?? []);
  const key = keys[0] ?? 'id';
  return {
    message: lines.join('\n'),
    hint: `Give the interface "${type}" @key(fields: "${key}") in a subgraph that defines it and its types.`,
    places: here.map(({ name }) => ({ subgraph: name, coordinate: type })),
  };
}

/** Returns the subgraphs that have the objects already. */
function currentSubgraphs({ moves, state }: Unsatisfiable): Subgraph[] {
  return [...new Set([...moves.scopes.members(state.reached)].map(({ subgraph }) => subgraph))];
}

function providersOf({ moves, state }: Unsatisfiable, field: string): readonly Provider[] {
  return moves.fieldIndex.providers(state.typeName, field);
}

function externalsOf({ moves, state }: Unsatisfiable, field: string): Subgraph[] {
  return moves.fieldIndex.supergraph.subgraphs.filter(
    ({ types }) => types.get(state.typeName)?.fields.get(field)?.external,
  );
}

function reasonAgainst(failure: Unsatisfiable, provider: Provider): string {
  const { moves, state } = failure;
  const { subgraph, type, field } = provider;
  const name = `"${subgraph.name}"`;
  const missing = field.contextArguments.filter((argument) => !state.contexts.has(contextKey(argument)));
  if (missing.length > 0) {
    const wanted = missing.map(({ name, context }) => `"${name}" (context "${contextName(context)}")`).join(', ');
    return `${name} resolves it, but takes ${wanted} by @fromContext, and no object above it sets that context to an available value.`;
  }
  if (field.requires && !moves.canResolve(state, field.requires))
    return `${name} resolves it, but @requires "${fieldsOf(field.requires)}", which is not available here.`;
  const keys = type.keys.filter(({ resolvable }) => resolvable);
  if (keys.length === 0) return `${name} resolves it, but has no @key to look up "${state.typeName}" by.`;
  const sets = list(
    keys.map(({ fields }) => fieldsOf(fields)),
    'or',
  );
  return `${name} resolves it, but looks up "${state.typeName}" by ${sets}, which is not available here.`;
}

function contextName(context: string): string {
  return context.slice(context.indexOf('__') + 2);
}

function hintOf(failure: Unsatisfiable, providers: readonly Provider[], here: Subgraph[]): string {
  const { moves, state } = failure;
  const type = state.typeName;
  const [provider] = providers;
  const source = list(here.map(({ name }) => name));
  if (!provider) return `Define the field without @external in a subgraph that can look up "${type}" by a @key.`;
  const target = `"${provider.subgraph.name}"`;
  const { requires, contextArguments } = provider.field;
  if (requires && !moves.canResolve(state, requires)) {
    return `Make "${fieldsOf(requires)}" available wherever "${type}" is: give "${type}" a @key in the subgraphs that resolve it.`;
  }
  if (contextArguments.some((argument) => !state.contexts.has(contextKey(argument))))
    return 'Set the context with @context on a type above the field on every path.';
  const keys = availableKeys(failure);
  const known = keys.find((key) => hasFields(provider.type, key));
  if (known)
    return `Add @key(fields: "${fieldsOf(known)}") to "${provider.type.name}" in ${target}: it is available here.`;
  const [key] = keys;
  if (key) {
    const fields = fieldsOf(key);
    return `Add "${fields}" and @key(fields: "${fields}") to "${provider.type.name}" in ${target}: it is available here.`;
  }
  const wanted = provider.type.keys.find(({ resolvable }) => resolvable);
  if (wanted) return `Add "${fieldsOf(wanted.fields)}" to "${type}" in ${source}, so that ${target} can look it up.`;
  return `Give "${type}" a @key that ${source} and ${target} have, or add the field to ${source} (@shareable in both).`;
}

/** Returns the keys of the type, in any subgraph, whose fields are available here. */
function availableKeys({ moves, state }: Unsatisfiable): SelectionSetNode[] {
  const keys = moves.fieldIndex.supergraph.subgraphs.flatMap(({ types }) => types.get(state.typeName)?.keys ?? []);
  return keys.map(({ fields }) => fields).filter((fields) => moves.canResolve(state, fields));
}

function hasFields(type: SubgraphType, { selections }: SelectionSetNode): boolean {
  return selections.every((selection) => selection.kind === Kind.FIELD && type.fields.has(selection.name.value));
}

function fieldsOf(set: SelectionSetNode): string {
  return print(set).replaceAll(/\s+/g, ' ').slice(2, -2);
}

function list(names: readonly string[], word = 'and'): string {
  const quoted = [...new Set(names)].map((name) => `"${name}"`);
  return quoted.length < 2 ? quoted.join() : `${quoted.slice(0, -1).join(', ')} ${word} ${quoted.at(-1)}`;
}
