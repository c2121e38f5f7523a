import { composeServices, validateSubgraph } from '@theguild/federation-composition';
import { type ASTNode, type DocumentNode, Kind, visit } from 'graphql';

interface Subgraph {
  readonly name: string;
  readonly url: string;
  readonly typeDefs: DocumentNode;
}

/** The subgraph in which the composer fails, and the node, where one is found. */
export interface FailingSource {
  readonly name: string;
  readonly node: ASTNode | undefined;
}

/**
 * Finds the subgraph and the directive, field or type without which the composer does not throw, by removing them one
 * after the other. Subgraphs are tried alone, then together with the others.
 */
export function findFailingSource(subgraphs: readonly Subgraph[]): FailingSource | undefined {
  const alone = subgraphs.find((subgraph) => fails(() => validateSubgraph(copy(subgraph))));
  if (alone) {
    const node = findFailingNode(alone.typeDefs, (typeDefs) =>
      fails(() => validateSubgraph(copy({ ...alone, typeDefs }))),
    );
    return { name: alone.name, node };
  }
  const culprit = subgraphs.find((left) => !fails(() => compose(subgraphs.filter((other) => other !== left))));
  if (!culprit) return undefined;
  const node = findFailingNode(culprit.typeDefs, (typeDefs) =>
    fails(() => compose(subgraphs.map((other) => (other === culprit ? { ...culprit, typeDefs } : other)))),
  );
  return { name: culprit.name, node };
}

function compose(subgraphs: readonly Subgraph[]) {
  return composeServices(subgraphs.map(copy), { disableValidationRules: ['SatisfiabilityRule'] });
}

/** Copies a subgraph: the composer changes the documents that it gets. */
function copy(subgraph: Subgraph): Subgraph {
  return { ...subgraph, typeDefs: { ...subgraph.typeDefs } };
}

function fails(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch {
    return true;
  }
}

/** Returns the innermost node without which the composer does not fail. */
function findFailingNode(document: DocumentNode, stillFails: (document: DocumentNode) => boolean): ASTNode | undefined {
  let failingSource: ASTNode | undefined;
  for (const kinds of [['definition'], ['member'], ['directive']] as const) {
    for (const node of nodesOf(failingSource ?? document, kinds[0])) {
      if (stillFails(visit(document, { enter: (other) => (other === node ? null : undefined) }))) continue;
      failingSource = node;
      break;
    }
  }
  return failingSource;
}

function nodesOf(within: ASTNode, kind: 'definition' | 'member' | 'directive'): ASTNode[] {
  if (kind === 'definition') {
    // without its links a file would have another version of federation
    const isSchema = ({ kind }: ASTNode) => kind === Kind.SCHEMA_DEFINITION || kind === Kind.SCHEMA_EXTENSION;
    return 'definitions' in within ? within.definitions.filter((node) => !isSchema(node)) : [];
  }
  if (kind === 'member') return 'fields' in within && within.fields ? [...within.fields] : [];
  const uses: ASTNode[] = [];
  visit(within, {
    Directive(node) {
      uses.push(node);
    },
  });
  return uses;
}
