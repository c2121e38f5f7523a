import type { CompiledPlan } from '../executor/compile.ts';
import { filesInVariables } from '../shared/uploads/find-files.ts';
import type { UploadedFile } from '../shared/uploads/uploaded-file.ts';
import type { Uploads } from '../shared/uploads/uploads.ts';
import { SingleResult } from './execution-result.ts';

type Variables = Readonly<Record<string, unknown>>;

/**
 * Returns the refusal (400) of an operation with a file that no variable takes, or that is sent with two requests to subgraphs: its content
 * is streamed, so it can be sent once. Returns `undefined` if each file has its place.
 */
export function refuseFiles(
  { files }: Uploads,
  { requests }: CompiledPlan,
  variables: Variables,
): SingleResult | undefined {
  const variable = (name: string) => variables[name];
  const used = filesInVariables(Object.keys(variables), variable);
  for (const file of files.values())
    if (!used?.has(file)) return refused(`${described(file)} is for no variable of the operation. Check "map".`);
  const takers = new Map<UploadedFile, string>();
  for (const { planned } of requests) {
    const { name } = planned.subgraph;
    for (const file of filesInVariables(planned.variables, variable)?.keys() ?? []) {
      const other = takers.get(file);
      if (other !== undefined) return refused(`${described(file)} is needed twice: ${twice(other, name)}.`);
      takers.set(file, name);
    }
  }
  return undefined;
}

function twice(first: string, second: string): string {
  const hint = 'A file is streamed to one request. Send it twice, as the values of two variables';
  const who =
    first === second ? `by two requests to the subgraph "${first}"` : `by the subgraphs "${first}" and "${second}"`;
  return `${who}. ${hint}`;
}

function described({ label }: UploadedFile): string {
  return `The file ${label}`;
}

function refused(message: string): SingleResult {
  return new SingleResult(undefined, [{ message, extensions: { code: 'BAD_USER_INPUT' } }], {
    refusal: 'operation',
    status: 400,
  });
}
