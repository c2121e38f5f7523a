import type { Problem } from '../config/problem.ts';
import { type ParsedSource, problemAt } from './source-file.ts';
import { readKinds } from './source-kind.ts';

export function readServiceSource({ source, document }: ParsedSource): Problem[] {
  const message = 'This file describes a plain GraphQL service (@service, @merge): not supported yet by this version.';
  const hint = 'Only federation subgraphs are: `extend schema @subgraph(url: "http://…")`.';
  return [problemAt(source, readKinds(document).get('service'), 'UNSUPPORTED_SOURCE_KIND', message, hint)];
}
