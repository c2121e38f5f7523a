import { Payload } from './payload.ts';

/** The payload that ends a subscription with the errors of its source, which are those of a GraphQL result without data. */
export class RefusedPayload extends Payload {
  /** @param errors in the client's terms */
  constructor(errors: Payload['errors'], extensions?: Payload['extensions']) {
    super(undefined, errors, extensions);
  }

  override replace(
    dataText: string | undefined,
    errors: Payload['errors'],
    extensions: Payload['extensions'],
  ): Payload {
    // a plugin may put data in place of the errors
    return dataText === undefined
      ? new RefusedPayload(errors, extensions)
      : super.replace(dataText, errors, extensions);
  }
}
