import type { FetchNode, PlanNode, QueryPlanner, RequiresSelection } from '@graphql-hive/router-query-planner';
import { Kind, parse, print, validate } from 'graphql';
import type { PlannedRequest } from '../../src/planner/plan.ts';
import type { RepresentationSelection } from '../../src/planner/positions.ts';
import { readSupergraph, type Supergraph } from '../../src/supergraph/supergraph.ts';
import { readsWhatItMay } from '../../test/planner/readable.ts';
import { subgraphSchema } from '../../test/planner/subgraph-schema.ts';
import { attempt, conditionsOf, operationOf } from './ours.ts';
import type { Planned, Planning } from './planned.ts';

type AnyFetch = Extract<PlanNode, { serviceName: string }>;
type Conditions = Readonly<Record<string, unknown>>;

/** Hive Router's planner. @throws Error that says how to install it, where it is not */
export async function theirPlanners(): Promise<(sdl: string) => Planning> {
  const { QueryPlanner: Planner } = await import('@graphql-hive/router-query-planner').catch((error: unknown) => {
    throw new Error('The planner to compare with is not installed. Run: npm ci --prefix bench/planner', {
      cause: error,
    });
  });
  return (sdl) => planningOf(new Planner(withoutSchemaExtensions(sdl)), readSupergraph(sdl));
}

/** It does not read `extend schema`, in which a supergraph says what is of no concern to planning. */
function withoutSchemaExtensions(sdl: string): string {
  const document = parse(sdl, { noLocation: true });
  const definitions = document.definitions.filter(({ kind }) => kind !== Kind.SCHEMA_EXTENSION);
  return definitions.length === document.definitions.length ? sdl : print({ ...document, definitions });
}

function planningOf(planner: QueryPlanner, supergraph: Supergraph): Planning {
  const plan = (query: string, variables: Conditions): Planned => {
    const { node } = planner.plan(query, null, new Set(), 100);
    const conditions = conditionsOf(operationOf(parse(query)), variables);
    const fetches = node ? fetchesIn(node, conditions) : [];
    return {
      requests: fetches.length,
      broken: [
        ...fetches.flatMap((fetch) => findBroken(fetch, supergraph)),
        ...(node ? findOvertaken(node, conditions) : []),
      ],
      waves: node ? wavesOf(node, conditions) : 0,
      text: node ? printNode(node, '', conditions) : 'no request\n',
    };
  };
  return { plan: (query, variables) => attempt(() => plan(query, variables)) };
}

function isFetch(node: PlanNode): node is AnyFetch {
  return node.kind === 'Fetch' || node.kind === 'BatchFetch';
}

/** The nodes inside a node that are run, with these values for its conditions. */
function partsOf(node: PlanNode, conditions: Conditions): readonly PlanNode[] {
  switch (node.kind) {
    case 'Sequence':
    case 'Parallel':
      return node.nodes;
    case 'Flatten':
      return [node.node];
    case 'Condition': {
      const clause = conditions[node.condition] === true ? node.ifClause : node.elseClause;
      return clause ? [clause] : [];
    }
    case 'Subscription':
      return [node.primary];
    case 'Defer':
      return [node.primary.node, ...node.deferred.map((deferred) => deferred.node)].filter(
        (part) => part !== undefined,
      );
    default:
      return [];
  }
}

function fetchesIn(node: PlanNode, conditions: Conditions): AnyFetch[] {
  if (isFetch(node)) return [node];
  return partsOf(node, conditions).flatMap((part) => fetchesIn(part, conditions));
}

/** Breaches of the rules for a single request that our plans are checked for, too. */
function findBroken(fetch: AnyFetch, supergraph: Supergraph): string[] {
  const subgraph = supergraph.subgraphs.find(({ name }) => name === fetch.serviceName);
  if (!subgraph) return [`there is no subgraph ${fetch.serviceName}`];
  const schema = subgraphSchema(subgraph, supergraph);
  // a request of another planner has these parts in common with ours, and no others are looked at
  const request = { subgraph, document: fetch.operation, lookups: lookupsOf(fetch) } as unknown as PlannedRequest;
  const problems = [
    ...validate(schema, parse(fetch.operation)).map(({ message }) => message),
    ...readsWhatItMay(request, schema),
  ];
  return problems.map((problem) => `${subgraph.name}: ${problem}`);
}

/**
 * Mutation fields after which another one runs before they are complete, because what belongs to them is looked up beside
 * it or afterwards (https://spec.graphql.org/October2021/#sec-Serially).
 */
function findOvertaken(plan: PlanNode, conditions: Conditions): string[] {
  const steps = stepsOf(plan, conditions, 0, []);
  const mutations = steps.flatMap(({ fetch, wave }) => {
    const operation = operationOf(parse(fetch.operation));
    if (operation.operation !== 'mutation') return [];
    const fields = operation.selectionSet.selections.filter((selection) => selection.kind === Kind.FIELD);
    return fields.map((field) => ({ key: field.alias?.value ?? field.name.value, wave }));
  });
  const last = (key: string) =>
    Math.max(-1, ...steps.filter(({ below }) => below.includes(key)).map(({ wave }) => wave));
  return mutations.flatMap(({ key }, index) =>
    mutations.slice(index + 1).some(({ wave }) => last(key) >= wave)
      ? [`"${key}" is not complete when the next mutation runs`]
      : [],
  );
}

/** A request, when it is sent, and the response keys at the root below which it looks anything up. */
interface Step {
  readonly fetch: AnyFetch;
  readonly wave: number;
  readonly below: readonly string[];
}

function stepsOf(node: PlanNode, conditions: Conditions, wave: number, below: readonly string[]): Step[] {
  if (isFetch(node)) {
    const merged = node.kind === 'BatchFetch' ? node.entityBatch.aliases.flatMap(({ paths }) => paths) : [];
    return [{ fetch: node, wave, below: [...below, ...merged.flatMap(firstKey)] }];
  }
  const inside = node.kind === 'Flatten' ? firstKey(node.path) : below;
  let start = wave;
  return partsOf(node, conditions).flatMap((part) => {
    const steps = stepsOf(part, conditions, start, inside);
    if (node.kind === 'Sequence') start += wavesOf(part, conditions);
    return steps;
  });
}

function firstKey([first]: readonly unknown[]): string[] {
  return typeof first === 'object' && first !== null && 'Field' in first ? [String(first.Field)] : [];
}

function lookupsOf(fetch: AnyFetch) {
  const lookups =
    fetch.kind === 'Fetch' ? [{ alias: '_entities', requires: fetch.requires ?? [] }] : fetch.entityBatch.aliases;
  return lookups.map(({ alias, requires }) => ({ alias, representation: { fields: sentFields(requires) } }));
}

/** What is sent for an entity, whatever its type. */
function sentFields(requires: readonly RequiresSelection[]): RepresentationSelection {
  return requires.flatMap((item): RepresentationSelection => {
    if (item.kind === 'InlineFragment') return sentFields(item.selections);
    if (item.kind === 'FragmentSpread') return [];
    const nested = item.selections?.length ? sentFields(item.selections) : undefined;
    return [{ kind: 'field', name: item.alias ?? item.name, subgraphKey: item.name, isKey: false, nested }];
  });
}

function wavesOf(node: PlanNode, conditions: Conditions): number {
  if (isFetch(node)) return 1;
  const waves = partsOf(node, conditions).map((part) => wavesOf(part, conditions));
  if (node.kind === 'Sequence') return waves.reduce((sum, count) => sum + count, 0);
  return Math.max(0, ...waves);
}

function printNode(node: PlanNode, indent: string, conditions: Conditions): string {
  if (isFetch(node)) return printFetch(node, indent);
  const path = node.kind === 'Flatten' ? ` ${printPath(node.path)}` : '';
  const parts = partsOf(node, conditions).map((part) => printNode(part, `${indent}  `, conditions));
  return `${indent}${node.kind}${path}\n${parts.join('')}`;
}

function printFetch(node: AnyFetch, indent: string): string {
  const lines = [`${node.kind} ${node.serviceName}`];
  if (node.kind === 'Fetch') lines.push(...printInputs(node));
  else
    for (const { alias, requires, paths } of node.entityBatch.aliases)
      lines.push(`  ${alias}: { ${printRequires(requires)} } at ${paths.map(printPath).join(', ')}`);
  lines.push(
    ...print(parse(node.operation))
      .split('\n')
      .map((line) => `  ${line}`),
  );
  return lines.map((line) => `${indent}${line}\n`).join('');
}

function printInputs({ requires }: FetchNode): string[] {
  return requires ? [`  { ${printRequires(requires)} }`] : [];
}

function printPath(path: readonly unknown[]): string {
  return path
    .map((segment) => (typeof segment === 'string' ? segment : Object.values(segment as object).join()))
    .join('.');
}

function printRequires(requires: readonly RequiresSelection[]): string {
  return requires
    .map((item) => {
      if (item.kind === 'InlineFragment') return `... on ${item.typeCondition} { ${printRequires(item.selections)} }`;
      if (item.kind === 'FragmentSpread') return `...${item.value}`;
      return item.selections?.length ? `${item.name} { ${printRequires(item.selections)} }` : item.name;
    })
    .join(' ');
}
