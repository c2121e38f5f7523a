import { type ConstDirectiveNode, type DocumentNode, Kind } from 'graphql';
import { directiveUses, text } from '../supergraph/directives.ts';

const CONNECT_SPEC = 'https://specs.apollo.dev/connect/';

/** What a schema file calls the connectors' directives: by their own names, unless its `@link` renames them. */
export interface DirectiveNames {
  readonly source: string;
  readonly connect: string;
  /** Whether the name of a definition belongs to the specification: `connect__JSONSelection`. */
  isSpecs(definition: string): boolean;
}

export function readDirectiveNames(document: DocumentNode): DirectiveNames {
  const names = { source: 'source', connect: 'connect' };
  let prefix = 'connect__';
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.SCHEMA_EXTENSION && definition.kind !== Kind.SCHEMA_DEFINITION) continue;
    for (const use of directiveUses(definition, 'link')) {
      if (!text(use.url)?.startsWith(CONNECT_SPEC)) continue;
      prefix = `${text(use.as) ?? 'connect'}__`;
      for (const item of Array.isArray(use.import) ? use.import : []) {
        const { name, as } = typeof item === 'string' ? { name: item, as: item } : (item as Record<string, unknown>);
        if (name === '@source' && typeof as === 'string') names.source = as.slice(1);
        if (name === '@connect' && typeof as === 'string') names.connect = as.slice(1);
      }
    }
  }
  return {
    ...names,
    isSpecs: (name) =>
      name.startsWith(prefix) || name === names.source || name === names.connect || SPEC_TYPES.has(name),
  };
}

/** Types of the specification, which some tools write into the file. */
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

/** Whether this is the `@link` of the connectors' specification. */
export function linksConnectors(node: ConstDirectiveNode): boolean {
  const url = node.arguments?.find((argument) => argument.name.value === 'url')?.value;
  return node.name.value === 'link' && url?.kind === Kind.STRING && url.value.startsWith(CONNECT_SPEC);
}
