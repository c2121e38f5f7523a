/** Redis repeats the arguments of a command that it does not know, such as one that was renamed. They may be secret. */
const ARGUMENTS = ', with args beginning with';

/** Returns the message of an error reply without arguments of the command. */
export function withoutArgumentTexts(message: string): string {
  const at = message.indexOf(ARGUMENTS);
  return at === -1 ? message : message.slice(0, at);
}

/** Returns the error of a reply without the command, which the client adds, and its arguments. */
export function withoutArguments(error: Error): Error {
  const shown = new Error(withoutArgumentTexts(error.message));
  shown.name = error.name;
  return shown;
}
