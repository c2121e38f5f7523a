import { parse, print } from 'graphql';
import { namedDocument } from '../shared/named-document.ts';
import type { PlannedLookup, PlannedRequest, QueryPlan } from './plan.ts';
import type { Position, RepresentationSelection } from './positions.ts';

/**
 * Prints a plan for people, wave by wave: each request with its dependencies, its inputs and its document.
 *
 * Out, for `{ topProducts { name reviews { body } } }`:
 *
 *     wave 1
 *       #0 products
 *         { topProducts { name upc } }
 *     wave 2
 *       #1 reviews, after #0
 *         Product { upc } at topProducts
 *         …
 */
export function printPlan(plan: QueryPlan): string {
  if (plan.requests.length === 0) return 'no request: the gateway resolves this itself\n';
  const lines: string[] = [];
  let wave = -1;
  for (const request of plan.requests) {
    if (request.level !== wave) {
      wave = request.level;
      lines.push(`wave ${wave + 1}`);
    }
    const after = request.dependsOn.length > 0 ? `, after ${request.dependsOn.map((id) => `#${id}`).join(' ')}` : '';
    lines.push(`  #${request.id} ${request.subgraph.name}${after}${printGroups(plan, request)}`);
    for (const line of printLookups(request)) lines.push(`    ${line}`);
    for (const line of print(parse(namedDocument(request.document, request.name))).split('\n'))
      lines.push(`    ${line}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Prints the names of the defer groups that alone need a request. */
function printGroups({ deferred, operation: { fragmentSets } }: QueryPlan, { groups }: PlannedRequest): string {
  if (groups === undefined) return '';
  const fieldsOf = (group: number) =>
    [...(deferred ?? [])].flatMap(([field, index]) => (index === group ? field.responseKey : []));
  const names = groups.flatMap((group) => {
    if (!fragmentSets) return fieldsOf(group);
    // a fragment without a label is named by its first field
    return fragmentSets.of(group).flatMap(({ label }) => label ?? fieldsOf(group).slice(0, 1));
  });
  return `, for ${[...new Set(names)].map((name) => `"${name}"`).join(' and ')} alone`;
}

function printLookups(request: PlannedRequest): string[] {
  return request.lookups.flatMap((lookup) => {
    const { alias, representation, targets } = lookup;
    const at = targets.map(
      ({ position, types }) => printPosition(position) + (types ? ` (${[...types].join(', ')})` : ''),
    );
    const name = alias === '_entities' ? '' : `${alias}: `;
    const sent = `${representation.typename ?? '(__typename)'} { ${printFields(representation.fields)} }`;
    return [`${name}${sent} at ${at.join(', ')}`, ...printContexts(lookup)];
  });
}

/** Prints `$c0 ← user { locale }`: where the context values are read for each target, the nearest object first. */
function printContexts({ contextVariables, targets }: PlannedLookup): string[] {
  return contextVariables.map((variable, index) => {
    const read = targets.map(({ contexts }) =>
      (contexts[index]?.sources ?? [])
        .map(({ position, possible, type, fields }) => {
          return `${printPosition(position)}${possible ? ` (${type})` : ''} { ${printFields(fields)} }`;
        })
        .join(', else '),
    );
    return `  $${variable} ← ${[...new Set(read)].join('; ')}`;
  });
}

function printFields(fields: RepresentationSelection): string {
  return fields
    .map((item) => {
      if (item.kind === 'typeCondition')
        return `... on ${[...item.possible].join(' | ')} { ${printFields(item.nested)} }`;
      const renamed = item.name === item.subgraphKey ? item.name : `${item.name} ← ${item.subgraphKey}`;
      return item.nested ? `${renamed} { ${printFields(item.nested)} }` : renamed;
    })
    .join(' ');
}

/** Prints a position as `users.reviews.product`; the root is `(root)`. */
export function printPosition(position: Position): string {
  const path: string[] = [];
  for (let at = position.origin; at; at = at.parent.origin) {
    path.unshift(at.owner === at.parent.type ? at.alias.key : `[${at.owner}]${at.alias.key}`);
  }
  return path.join('.') || '(root)';
}

/** The plan as data, for tools. */
export interface PlanJson {
  readonly operation: { readonly kind: string; readonly name: string | null };
  readonly requests: readonly {
    readonly id: number;
    readonly wave: number;
    readonly subgraph: string;
    readonly dependsOn: readonly number[];
    readonly document: string;
    readonly variables: readonly string[];
    readonly lookups: readonly {
      readonly alias: string;
      readonly representation: string;
      readonly targets: readonly string[];
    }[];
  }[];
}

export function planToJson(plan: QueryPlan): PlanJson {
  return {
    operation: { kind: plan.operation.kind, name: plan.operation.name ?? null },
    requests: plan.requests.map((request) => ({
      id: request.id,
      wave: request.level + 1,
      subgraph: request.subgraph.name,
      dependsOn: request.dependsOn,
      document: namedDocument(request.document, request.name),
      variables: request.variables,
      lookups: request.lookups.map(({ alias, representation, targets }) => ({
        alias,
        representation: `${representation.typename ?? '(__typename)'} { ${printFields(representation.fields)} }`,
        targets: targets.map(({ position }) => printPosition(position)),
      })),
    })),
  };
}

/** Prints the plan as a Mermaid flow chart. */
export function planToMermaid(plan: QueryPlan): string {
  const lines = ['flowchart LR', '  client([client])'];
  for (const request of plan.requests) {
    const at = request.lookups.flatMap(({ targets }) => targets.map(({ position }) => printPosition(position)));
    const where = request.root ? printPosition(request.root.position) : at.join('<br/>');
    lines.push(`  r${request.id}["#${request.id} ${request.subgraph.name}<br/>${where}"]`);
    if (request.dependsOn.length === 0) lines.push(`  client --> r${request.id}`);
    for (const id of request.dependsOn) lines.push(`  r${id} --> r${request.id}`);
  }
  return `${lines.join('\n')}\n`;
}
