import {
  type DocumentNode,
  type GraphQLError,
  type GraphQLFormattedError,
  parse,
  Source,
  type SourceLocation,
} from 'graphql';

/**
 * A parsed document with locations, used to locate errors. Cached documents have none: tokens and locations take as
 * much memory as the document itself.
 */
export class LocatedDocument {
  readonly document: DocumentNode;
  private readonly text: string;
  private lines: readonly number[] | undefined;

  constructor(text: string) {
    this.text = text;
    const source = new Source(text);
    this.document = parse(source);
    // graphql-js counts lines from the start for each location of each error; without text, everything is in the first line
    source.body = '';
  }

  /** Returns an error in the response format, with its locations in the text. */
  format(error: GraphQLError, code: string): GraphQLFormattedError {
    const formatted = withCode(error, code);
    if (formatted.locations === undefined) return formatted;
    return { ...formatted, locations: formatted.locations.map(({ column }) => this.locate(column - 1)) };
  }

  private locate(position: number): SourceLocation {
    this.lines ??= lineStarts(this.text);
    let [low, high] = [0, this.lines.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.lines[middle] as number) <= position) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: position - (this.lines[low] as number) + 1 };
  }
}

/**
 * Returns the position at which each line starts.
 * @see https://spec.graphql.org/October2021/#sec-Line-Terminators
 */
function lineStarts(text: string): number[] {
  const starts = [0];
  for (const { index, 0: terminator } of text.matchAll(/\r\n|[\n\r]/g)) starts.push(index + terminator.length);
  return starts;
}

/** The most characters of a message: messages quote the client, and a name may be as long as the document. */
const MAX_MESSAGE_LENGTH = 1_000;
/** The most locations of one error: a field that is selected a thousand times may have as many. */
const MAX_LOCATIONS = 20;

/**
 * Returns an error in the response format with a code; a code of its own wins. Shortens long messages and lists of
 * locations.
 */
export function withCode(error: GraphQLError, code: string): GraphQLFormattedError {
  const formatted = error.toJSON();
  const { message, locations } = formatted;
  return {
    ...formatted,
    message: message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH)}…` : message,
    ...(locations && { locations: locations.slice(0, MAX_LOCATIONS) }),
    extensions: { code, ...formatted.extensions },
  };
}
