import type { Problem } from '../config/problem.ts';
import { type ParsedSource, problemAt } from './source-file.ts';
import { readKinds } from './source-kind.ts';

export function readRestSource({ source, document }: ParsedSource): Problem[] {
  const message = 'This file describes a REST API (@source, @connect): not supported yet by this version.';
  const hint = 'Only federation subgraphs are: `extend schema @subgraph(url: "http://…")`.';
  return [problemAt(source, readKinds(document).get('rest'), 'UNSUPPORTED_SOURCE_KIND', message, hint)];
}
