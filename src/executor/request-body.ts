import { stringifyJson } from '../shared/exact-json.ts';
import { filesInVariables } from '../shared/uploads/find-files.ts';
import type { FetchFiles, SourceRequest } from '../sources/source.ts';
import type { CompiledRequest } from './compile.ts';
import type { GatheredEntities } from './gather-entities.ts';
import type { RequestDocument } from './request-documents.ts';

/** Writes the bodies of the requests of one execution, as GraphQL over HTTP defines them. */
export class RequestBodies {
  private readonly variables: Readonly<Record<string, unknown>>;
  /** The client's variables as JSON, by name. Each is written once. */
  private texts: Map<string, string> | undefined;

  constructor(variables: Readonly<Record<string, unknown>>) {
    this.variables = variables;
  }

  /**
   * Returns the body, with and without the name of the operation.
   * @param entities the variables of the look-ups, as JSON members
   */
  write(
    { document: documents }: CompiledRequest,
    sent: readonly GatheredEntities[],
    entities: string,
  ): Pick<SourceRequest, 'body' | 'sharedBody'> {
    return this.writeDocument(documents.select(sent), entities);
  }

  /** Returns the body of a document, see {@link write}. */
  writeDocument(document: RequestDocument, entities = ''): Pick<SourceRequest, 'body' | 'sharedBody'> {
    let variables = entities;
    for (const name of document.variables) {
      const text = this.textOf(name);
      if (text !== undefined) variables += `${variables && ','}${JSON.stringify(name)}:${text}`;
    }
    const rest = variables === '' ? '}' : `,"variables":{${variables}}}`;
    const { bodyHead, namelessHead } = document;
    return { body: bodyHead + rest, sharedBody: namelessHead === undefined ? undefined : namelessHead + rest };
  }

  /** Returns the files among the variables of a body; `undefined` where there are none. */
  filesOf({ document: documents }: CompiledRequest, sent: readonly GatheredEntities[]): FetchFiles | undefined {
    return filesInVariables(documents.select(sent).variables, (name) => this.variables[name]);
  }

  /** Returns the value of a client variable. */
  valueOf(name: string): unknown {
    return this.variables[name];
  }

  private textOf(name: string): string | undefined {
    let text = this.texts?.get(name);
    if (text === undefined) {
      text = stringifyJson(this.variables[name]);
      if (text !== undefined) {
        this.texts ??= new Map();
        this.texts.set(name, text);
      }
    }
    return text;
  }
}
