import type { Problem } from '../config/problem.ts';
import { checkConnectors } from '../connectors/check-connectors.ts';
import { expandWherePossible } from '../connectors/expand-variables.ts';
import { readConnectors } from '../connectors/read-connectors.ts';
import { createConnectorModel } from '../connectors/resolvable-fields.ts';
import { subgraphSdl } from '../connectors/subgraph-sdl.ts';
import { isEventDirective } from './events.ts';
import { NEWEST_FEDERATION } from './federation-link.ts';
import type { SourceDefinition } from './source-definition.ts';
import { asUse, type ParsedSource } from './source-file.ts';

/**
 * Reads a REST API that is described by connectors. Unset variables are allowed here: composition does not need the
 * secrets of the environment that serves the supergraph.
 */
export function readRestSource({ source, document, uses, env }: ParsedSource): SourceDefinition | Problem[] {
  const read = readConnectors(document, expandWherePossible(env));
  const model = createConnectorModel(read);
  const events = uses.filter(({ node }) => isEventDirective(node.name.value)).map(({ coordinate }) => coordinate);
  const connectorProblems =
    read.connectorProblems.length > 0 ? read.connectorProblems : checkConnectors(model, new Set(events));
  if (connectorProblems.length > 0)
    return connectorProblems.map((problem) => ({ file: source.file, subgraph: source.name, ...problem }));
  return {
    name: source.name,
    file: source.file,
    kind: 'rest',
    url: `headgate:${source.name}`,
    document: subgraphSdl(model, NEWEST_FEDERATION),
    gatewayDirectives: uses.map(asUse),
    inProcessSdl: source.text,
  };
}
