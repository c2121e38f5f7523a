/** Parameters of URLs whose values are credentials, or contain personal data. */
const SECRET_PARAMETERS: ReadonlySet<string> = new Set([
  'access_token',
  'api_key',
  'apikey',
  'client_secret',
  'code',
  'extensions',
  'id_token',
  'key',
  'logout_token',
  'password',
  'query',
  'refresh_token',
  'secret',
  'signature',
  'state',
  'token',
  'variables',
]);

/** Returns whether the values of a parameter may be secret, whatever the case of its name is. */
export function isSecretParameter(name: string): boolean {
  return SECRET_PARAMETERS.has(name.toLowerCase());
}

/** Stands for a value that must not be shown. */
export const REDACTED = '[redacted]';

/** Returns the text of a URL without credentials and query, for messages. The text need not be a valid URL. */
export function urlWithoutSecrets(text: string): string {
  const query = text.indexOf('?');
  const shown = query === -1 ? text : `${text.slice(0, query)}?…`;
  const begin = shown.indexOf('//');
  const at = shown.lastIndexOf('@');
  return begin !== -1 && at > begin ? `${shown.slice(0, begin + 2)}…${shown.slice(at)}` : shown;
}
