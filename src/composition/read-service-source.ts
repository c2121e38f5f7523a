import { print } from 'graphql';
import { expand } from '../config/expand.ts';
import type { Problem } from '../config/problem.ts';
import { serviceUses } from '../services/definitions.ts';
import { publicCoordinate } from '../services/names.ts';
import { readService } from '../services/read-service.ts';
import type { SourceDefinition } from './source-definition.ts';
import { asUse, type ParsedSource, problemAt, urlMistake } from './source-file.ts';

/** Reads a plain GraphQL service: `extend schema @service(url: "http://…")`, with `@merge` on its look-ups. */
export function readServiceSource({ source, document, uses, env }: ParsedSource): SourceDefinition | Problem[] {
  const read = readService(document);
  if (Array.isArray(read)) {
    return read.map(({ node, code, message, hint }) => problemAt(source, node, code, message, hint));
  }
  const { service, subgraph } = read;
  const [place] = serviceUses(document);
  const url = expand(service.url, env);
  if (!url.ok) {
    const hint = `Set ${url.variable}, or give it a default: \${${url.variable}:-http://localhost:4001/graphql}`;
    return [problemAt(source, place, 'UNSET_VARIABLE', `The environment variable ${url.variable} is not set.`, hint)];
  }
  const mistake = urlMistake(url.text);
  if (mistake !== undefined) {
    return [problemAt(source, place, 'INVALID_SERVICE_URL', mistake, 'Write it like "http://localhost:4001/graphql".')];
  }
  return {
    name: source.name,
    file: source.file,
    kind: 'service',
    url: service.url,
    inProcessSdl: print(document),
    document: subgraph,
    gatewayDirectives: uses
      .map(asUse)
      .map((use) => ({ ...use, coordinate: publicCoordinate(use.coordinate, service.names) })),
  };
}
