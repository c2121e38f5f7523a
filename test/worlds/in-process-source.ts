import { type DocumentNode, execute, type GraphQLSchema, OperationTypeNode, parse, validate } from 'graphql';
import type { Source, SourceRequest, SubgraphResponse } from '../../src/sources/source.ts';
import { type Fault, faultyAnswer } from './faults.ts';
import type { RecordedRequest, Violation } from './world.ts';

export interface InProcessSourceOptions {
  readonly name: string;
  readonly schema: GraphQLSchema;
  readonly faults: readonly Fault[];
  /** Called for every request, before it is answered. */
  readonly onRequest: (request: RecordedRequest) => void;
  /** Called for a document that this subgraph must never be sent. */
  readonly onViolation: (violation: Violation) => void;
}

/** A subgraph in this process: records and validates what it is sent, and answers with graphql-js. */
export function createInProcessSource(options: InProcessSourceOptions): Source {
  const { name, schema } = options;
  const checked = new Map<string, DocumentNode | undefined>();

  function readDocument(query: string): DocumentNode | undefined {
    if (checked.has(query)) return checked.get(query);
    const document = parseValid(schema, query, (problems) => options.onViolation({ subgraph: name, query, problems }));
    checked.set(query, document);
    return document;
  }

  async function answer(request: SourceRequest): Promise<SubgraphResponse> {
    const { query, variables } = JSON.parse(request.body) as { query: string; variables?: Record<string, unknown> };
    const recorded: RecordedRequest = {
      subgraph: name,
      operationType: request.operationType,
      query,
      variables: variables ?? {},
    };
    options.onRequest(recorded);
    const document = readDocument(query);
    if (document)
      checkOperationType(document, request, (problem) =>
        options.onViolation({ subgraph: name, query, problems: [problem] }),
      );
    const faulty = faultyAnswer(options.faults, recorded);
    if (faulty) return faulty;
    if (!document) return textAnswer({ errors: [{ message: 'The document is not valid for this subgraph' }] });
    return textAnswer(await execute({ schema, document, rootValue: {}, variableValues: variables ?? null }));
  }

  return {
    name,
    send(request, done) {
      answer(request).then(done, (error: unknown) => {
        options.onViolation({ subgraph: name, query: request.body, problems: [String(error)] });
        done({ kind: 'failure', failure: { code: 'SUBREQUEST_HTTP_ERROR', message: String(error) } });
      });
    },
    close: () => Promise.resolve(),
  };
}

function textAnswer(result: unknown): SubgraphResponse {
  return { kind: 'text', text: JSON.stringify(result), status: 200 };
}

function parseValid(
  schema: GraphQLSchema,
  query: string,
  report: (problems: string[]) => void,
): DocumentNode | undefined {
  try {
    const document = parse(query);
    const errors = validate(schema, document);
    if (errors.length === 0) return document;
    report(errors.map((error) => error.message));
  } catch (error) {
    report([String(error)]);
  }
  return undefined;
}

function checkOperationType(document: DocumentNode, request: SourceRequest, report: (problem: string) => void): void {
  const definition = document.definitions.find((node) => node.kind === 'OperationDefinition');
  const actual = definition?.operation ?? OperationTypeNode.QUERY;
  if (actual !== request.operationType) report(`Sent as a ${request.operationType}, but the document is a ${actual}`);
}
