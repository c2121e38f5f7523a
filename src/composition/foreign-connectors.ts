import { type ConstDirectiveNode, type DocumentNode, Kind, print, visit } from 'graphql';
import type { Env } from '../config/expand.ts';
import type { Problem } from '../config/problem.ts';
import { checkConnectors } from '../connectors/check-connectors.ts';
import { expandWherePossible } from '../connectors/expand-variables.ts';
import { readConnectors } from '../connectors/read-connectors.ts';
import { createConnectorModel } from '../connectors/resolvable-fields.ts';
import { subgraphSdl } from '../connectors/subgraph-sdl.ts';
import { directiveUses, text } from '../supergraph/directives.ts';
import { readInProcessSources } from '../supergraph/in-process.ts';
import { NEWEST_FEDERATION } from './federation-link.ts';
import { connectedGraphs, subgraphOf } from './foreign-subgraph.ts';
import { withInProcessSources } from './in-process-sources.ts';
import type { SourceDefinition } from './source-definition.ts';

/** A parsed supergraph file. */
export interface SupergraphText {
  /** Its path for messages. */
  readonly file: string;
  readonly sdl: string;
  readonly document: DocumentNode;
}

/**
 * Converts connectors that another composition wrote into a supergraph as `@join__directive(graphs: […], name:
 * "connect", args: {…})` into the form of the gateway: each of these subgraphs as a schema file of its own, with the
 * keys that its connectors imply. Returns text without such connectors unchanged. Returns mistakes and unsupported
 * features as problems.
 */
export function withForeignConnectors({ file, sdl, document }: SupergraphText, env: Env): string | Problem[] {
  const known = readInProcessSources(document);
  const graphs = connectedGraphs(document).filter(({ name }) => !known.has(name));
  if (graphs.length === 0) return sdl;
  const problems: Problem[] = [];
  const sources: SourceDefinition[] = [];
  const keys: ImpliedKeys = new Map();
  for (const graph of graphs) {
    const own = subgraphOf(document, graph.id);
    const read = readConnectors(own, expandWherePossible(env));
    const model = createConnectorModel(read);
    const connectorProblems = read.connectorProblems.length > 0 ? read.connectorProblems : checkConnectors(model);
    problems.push(...connectorProblems.map((problem) => ({ file, subgraph: graph.name, ...problem })));
    if (connectorProblems.length > 0) continue;
    const composed = subgraphSdl(model, NEWEST_FEDERATION);
    collectKeys(composed, graph.id, keys);
    const { name } = graph;
    const facts = { kind: 'rest', url: `headgate:${name}`, gatewayDirectives: [] } as const;
    sources.push({ name, file, ...facts, document: composed, inProcessSdl: print(own) });
  }
  return problems.length > 0 ? problems : withInProcessSources(print(withKeys(document, keys)), sources);
}

/** Type → graph → the keys by which its entities are looked up there. */
type ImpliedKeys = Map<string, Map<string, string[]>>;

function collectKeys(composed: DocumentNode, graph: string, keys: ImpliedKeys): void {
  for (const node of composed.definitions) {
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION && node.kind !== Kind.OBJECT_TYPE_EXTENSION) continue;
    const fields = directiveUses(node, 'key').flatMap((use) => text(use.fields) ?? []);
    if (fields.length === 0) continue;
    const ofType = keys.get(node.name.value) ?? new Map<string, string[]>();
    ofType.set(graph, [...(ofType.get(graph) ?? []), ...fields]);
    keys.set(node.name.value, ofType);
  }
}

function withKeys(document: DocumentNode, keys: ImpliedKeys): DocumentNode {
  return visit(document, {
    ObjectTypeDefinition(node) {
      const joins = directiveUses(node, 'join__type');
      const added = [...(keys.get(node.name.value) ?? [])].flatMap(([graph, all]) => {
        const own = new Set(
          joins.filter((join) => join.graph === graph).map((join) => normalised(text(join.key) ?? '')),
        );
        return all.filter((fields) => !own.has(normalised(fields))).map((fields) => joinType(graph, fields));
      });
      return added.length === 0 ? undefined : { ...node, directives: [...(node.directives ?? []), ...added] };
    },
  });
}

function normalised(fields: string): string {
  return fields
    .split(/[\s,]+/)
    .filter(Boolean)
    .sort()
    .join(' ');
}

function joinType(graph: string, key: string): ConstDirectiveNode {
  return {
    kind: Kind.DIRECTIVE,
    name: { kind: Kind.NAME, value: 'join__type' },
    arguments: [
      { kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: 'graph' }, value: { kind: Kind.ENUM, value: graph } },
      { kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: 'key' }, value: { kind: Kind.STRING, value: key } },
    ],
  };
}
