import type { RootFieldText } from '../planner/print-document.ts';
import type { FetchLookup, FetchParts, ResponseMemory, SourceRequest } from '../sources/source.ts';
import type { CompiledRequest } from './compile.ts';
import type { ExecutionInput } from './execution-input.ts';
import { type GatheredEntities, variablesOf } from './gather-entities.ts';
import type { RequestBodies } from './request-body.ts';
import { representationsOf, selectedVariables } from './split-entities.ts';
import { traceFetch } from './trace-execution.ts';

interface OpenLookup extends FetchLookup {
  readonly gathered: GatheredEntities;
}

/** The parts of one fetch. They are computed when they are first read. */
export class ExecutedFetchParts implements FetchParts {
  readonly planned: FetchParts['planned'];
  private readonly request: CompiledRequest;
  private readonly sent: readonly GatheredEntities[];
  private readonly bodies: RequestBodies;
  private open: readonly OpenLookup[] | undefined;

  constructor(request: CompiledRequest, sent: readonly GatheredEntities[], bodies: RequestBodies) {
    this.planned = request.planned;
    this.request = request;
    this.sent = sent;
    this.bodies = bodies;
  }

  lookups(): readonly OpenLookup[] {
    this.open ??= this.sent.flatMap((gathered) => (gathered.count === 0 ? [] : [openLookup(gathered)]));
    return this.open;
  }

  rootFields(): readonly RootFieldText[] | undefined {
    return this.request.document.rootFields();
  }

  write(kept: readonly (readonly number[])[]): Pick<SourceRequest, 'body' | 'sharedBody'> {
    const fields = this.rootFields()?.filter((_, index) => kept[index]?.length === 1);
    if (fields !== undefined) return this.bodies.writeDocument(this.request.document.selectFields(fields));
    let at = 0;
    const open = this.lookups();
    const parts = this.sent.map((gathered): GatheredEntities => {
      if (gathered.count === 0) return gathered;
      const indices = kept[at] ?? [];
      const { representations } = open[at] as OpenLookup;
      at += 1;
      const count = indices.length;
      if (count === 0) return { ...gathered, count, variables: '' };
      const selected = indices.map((index) => representations[index] as string);
      return { ...gathered, count, variables: selectedVariables(gathered, representations, selected) };
    });
    return this.bodies.write(this.request, parts, variablesOf(parts));
  }

  variable(name: string): unknown {
    return this.bodies.valueOf(name);
  }
}

function openLookup(gathered: GatheredEntities): OpenLookup {
  const representations = representationsOf(gathered);
  const { part, lookup, variables } = gathered;
  const contextValues = part.contextVariables.length === 0 ? '' : contextsIn(variables, representations);
  const { alias, selection } = part;
  return { gathered, planned: lookup.planned, alias, selection, representations, contextValues };
}

/** Returns what comes after the list of representations: `"r0":[…],"c0":7` */
function contextsIn(variables: string, representations: readonly string[]): string {
  const length = representations.reduce((sum, text) => sum + text.length, representations.length - 1);
  return variables.slice(variables.indexOf('[') + length + 2);
}

/** What the requests of one execution have in common. */
interface Requester {
  readonly input: Pick<ExecutionInput, 'client' | 'cachedSubgraphs'>;
  readonly bodies: RequestBodies;
  readonly memory: ResponseMemory | undefined;
}

/**
 * Returns a request as a source gets it.
 * @param entities the variables of the look-ups, as JSON members
 */
export function requestOf(
  subgraph: string,
  request: CompiledRequest,
  sent: readonly GatheredEntities[],
  entities: string,
  { input, bodies, memory }: Requester,
): SourceRequest {
  const { client, cachedSubgraphs } = input;
  const { body, sharedBody } = bodies.write(request, sent, entities);
  const { operationType } = request.planned;
  const trace = client.debug && traceFetch(client.debug, request, sent);
  const files = client.uploads && bodies.filesOf(request, sent);
  const isOneShot = files !== undefined;
  const isCached = cachedSubgraphs?.has(subgraph) && (!isOneShot || operationType === 'mutation');
  const parts = isCached ? new ExecutedFetchParts(request, sent, bodies) : undefined;
  return { body, sharedBody, operationType, client, memory, trace, parts, files, isOneShot };
}
