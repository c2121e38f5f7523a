import { type DocumentNode, type FieldDefinitionNode, Kind } from 'graphql';
import { expand } from '../config/expand.ts';
import type { Problem } from '../config/problem.ts';
import { isEventDirective } from './events.ts';
import type { SourceDefinition } from './source-definition.ts';
import { asUse, type ParsedSource, problemAt, urlMistake } from './source-file.ts';

const URL_HINT = 'Write `extend schema @subgraph(url: "http://…")` at the top of the file.';

const EVENT_HINT = 'Add @event or @publish to the field, or `extend schema @subgraph(url: "http://…")` to the file.';

/** Reads a file without a URL: each root field is a message of a broker, or sends one. */
function readEventsOnly({ source, document, uses }: ParsedSource): SourceDefinition | Problem[] {
  const known = new Set(
    uses.filter(({ node }) => isEventDirective(node.name.value)).map(({ coordinate }) => coordinate),
  );
  const problems = ['Query', 'Mutation', 'Subscription'].flatMap((type) =>
    fieldsOf(document, type)
      .filter(({ name }) => !known.has(`${type}.${name.value}`))
      .map((field) => {
        const message = `${type}.${field.name.value} cannot be resolved: the file has only events, and no URL of a subgraph.`;
        return problemAt(source, field, 'MISSING_EVENT', message, EVENT_HINT);
      }),
  );
  if (problems.length > 0) return problems;
  const gatewayDirectives = uses.map(asUse);
  return { name: source.name, file: source.file, kind: 'subgraph', url: '', document, gatewayDirectives };
}

function fieldsOf({ definitions }: DocumentNode, type: string): FieldDefinitionNode[] {
  return definitions.flatMap((node) =>
    (node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.OBJECT_TYPE_EXTENSION) && node.name.value === type
      ? (node.fields ?? [])
      : [],
  );
}

/** Reads a federation subgraph: `extend schema @subgraph(url: "http://…")`. */
export function readSubgraphSource({ source, document, uses, env }: ParsedSource): SourceDefinition | Problem[] {
  const places = uses.filter((use) => use.node.name.value === 'subgraph');
  const [place, second] = places;
  if (place === undefined && uses.some(({ node }) => isEventDirective(node.name.value)))
    return readEventsOnly({ source, document, uses, env });
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
