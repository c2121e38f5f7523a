import { expand } from '../config/expand.ts';
import type { Problem } from '../config/problem.ts';
import type { SourceDefinition } from './source-definition.ts';
import { asUse, type ParsedSource, problemAt, urlMistake } from './source-file.ts';

const URL_HINT = 'Write `extend schema @subgraph(url: "http://…")` at the top of the file.';

/** Reads a federation subgraph: `extend schema @subgraph(url: "http://…")`. */
export function readSubgraphSource({ source, document, uses, env }: ParsedSource): SourceDefinition | Problem[] {
  const places = uses.filter((use) => use.node.name.value === 'subgraph');
  const [place, second] = places;
  if (place === undefined) {
    const message = 'The file has no @subgraph with the URL of the subgraph.';
    return [problemAt(source, undefined, 'MISSING_SUBGRAPH_URL', message, URL_HINT)];
  }
  if (second !== undefined) {
    const message = 'The file has more than one @subgraph.';
    return [problemAt(source, second.node, 'REPEATED_SUBGRAPH_URL', message, 'Keep one.')];
  }
  const url = expand(String(place.args.url), env);
  if (!url.ok) {
    const hint = `Set ${url.variable}, or give it a default: \${${url.variable}:-http://localhost:4001/graphql}`;
    const message = `The environment variable ${url.variable} is not set.`;
    return [problemAt(source, place.node, 'UNSET_VARIABLE', message, hint)];
  }
  const mistake = urlMistake(url.text);
  if (mistake !== undefined) {
    const hint = 'Write it like "http://localhost:4001/graphql".';
    return [problemAt(source, place.node, 'INVALID_SUBGRAPH_URL', mistake, hint)];
  }
  const gatewayDirectives = uses.filter((use) => use !== place).map(asUse);
  return { name: source.name, file: source.file, kind: 'subgraph', url: url.text, document, gatewayDirectives };
}
