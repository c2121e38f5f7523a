import type { SourceFailure } from '../source.ts';

/** A call of an API that a layer has ended or has not made. */
export class ApiRefusal extends Error {
  readonly failure: SourceFailure;

  constructor(failure: SourceFailure) {
    super(failure.message);
    this.name = 'ApiRefusal';
    this.failure = failure;
  }
}
