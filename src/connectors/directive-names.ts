import { type ConstDirectiveNode, type DocumentNode, Kind, visit } from 'graphql';
import { directiveUses, text } from '../supergraph/directives.ts';

const CONNECT_SPEC = 'https://specs.apollo.dev/connect/';

/** The names of the connectors' directives in a schema file, which its `@link` can change. */
export interface DirectiveNames {
  readonly source: string;
  readonly connect: string;
  /** Returns whether a definition belongs to the specification: `connect__JSONSelection`. */
  isSpecs(definition: string): boolean;
}

/**
 * Reads the `@link` to the connectors' specification. A name that is not imported has the prefix of the specification, or the
 * `as` of the link. The plain name is also valid, because files may leave out the imports.
 *
 * In:  `@link(url: ".../connect/v0.2", as: "rest") @rest__source(…)  type Query { a: Int @rest(…) }`
 * Out: `source` is `rest__source`, `connect` is `rest`
 *
 * @see https://specs.apollo.dev/link/v1.0/#Name.Rules
 */
export function readDirectiveNames(document: DocumentNode): DirectiveNames {
  const imported = new Map<unknown, string>();
  let spec = 'connect';
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.SCHEMA_EXTENSION && definition.kind !== Kind.SCHEMA_DEFINITION) continue;
    for (const use of directiveUses(definition, 'link')) {
      if (!text(use.url)?.startsWith(CONNECT_SPEC)) continue;
      spec = text(use.as) ?? spec;
      for (const item of Array.isArray(use.import) ? use.import : [use.import]) {
        const { name, as = name } = typeof item === 'object' && item !== null ? item : { name: item };
        if (typeof as === 'string') imported.set(name, as.slice(1));
      }
    }
  }
  const used = usedDirectives(document);
  const nameOf = (name: string, full: string) => imported.get(`@${name}`) ?? (used.has(full) ? full : name);
  const names = { source: nameOf('source', `${spec}__source`), connect: nameOf('connect', spec) };
  return {
    ...names,
    isSpecs: (name) =>
      name.startsWith(`${spec}__`) || name === names.source || name === names.connect || SPEC_TYPES.has(name),
  };
}

function usedDirectives(document: DocumentNode): ReadonlySet<string> {
  const used = new Set<string>();
  visit(document, { Directive: (node) => void used.add(node.name.value) });
  return used;
}

/** Types of the specification, which some tools add to the file. */
const SPEC_TYPES = new Set([
  'JSONSelection',
  'URLTemplate',
  'URLPathTemplate',
  'SourceHTTP',
  'ConnectHTTP',
  'HTTPHeaderMapping',
  'ConnectBatch',
  'ConnectorErrors',
]);

/** Returns whether a directive is the `@link` to the connectors' specification. */
export function linksConnectors(node: ConstDirectiveNode): boolean {
  const url = node.arguments?.find((argument) => argument.name.value === 'url')?.value;
  return node.name.value === 'link' && url?.kind === Kind.STRING && url.value.startsWith(CONNECT_SPEC);
}
