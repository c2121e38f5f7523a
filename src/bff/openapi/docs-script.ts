/** Script for the browser: renders the OpenAPI document and calls endpoints. It never creates markup from strings. */
export const DOCS_SCRIPT = `'use strict';
const main = document.getElementById('endpoints');
const index = document.getElementById('index');
const state = document.getElementById('state');

function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key === 'on') for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (value !== undefined && value !== false) node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== undefined));
  return node;
}

function typeText(schema, spec) {
  if (!schema) return '';
  if (schema.$ref) return typeText(spec.components.schemas[schema.$ref.split('/').pop()], spec);
  if (schema.enum) return schema.enum.join(' | ');
  const forms = schema.anyOf || schema.oneOf;
  if (forms) return forms.map((one) => typeText(one, spec)).join(' | ');
  const type = Array.isArray(schema.type) ? schema.type.join(' | ') : schema.type || 'any';
  if (schema.items) return 'list of ' + typeText(schema.items, spec);
  return (schema.format ? type + ' (' + schema.format + ')' : type) + rangeText(schema);
}

function needsCredential(operation, spec) {
  const security = operation.security || spec.security || [];
  return security.length > 0 && security.every((one) => Object.keys(one).length > 0);
}

function rangeText({ minimum, maximum }) {
  if (minimum === undefined) return maximum === undefined ? '' : ', at most ' + maximum;
  return maximum === undefined ? ', at least ' + minimum : ', ' + minimum + ' to ' + maximum;
}

function parameterRow(parameter, id, spec) {
  const schema = parameter.schema || (parameter.content && parameter.content['application/json'].schema) || {};
  const preset = schema.default !== undefined ? schema.default : parameter.in === 'path' ? parameter.example : '';
  const input = element('input', {
    id, 'data-name': parameter.name, 'data-in': parameter.in, required: parameter.required,
    value: typeof preset === 'object' ? JSON.stringify(preset) : String(preset === undefined ? '' : preset),
  });
  return element('tr', {},
    element('td', {}, element('label', { for: id }, parameter.name + (parameter.required ? ' *' : ''))),
    element('td', {}, parameter.in),
    element('td', {}, typeText(schema, spec)),
    element('td', {}, input));
}

function requestOf(section, method, path) {
  // the path before /bff is the path prefix of a proxy
  let url = location.pathname.split('/bff/')[0] + path;
  const query = new URLSearchParams();
  const headers = {};
  for (const input of section.querySelectorAll('input[data-in]')) {
    const { name } = input.dataset;
    const given = input.value;
    if (input.dataset.in === 'path') url = url.replace('{' + name + '}', encodeURIComponent(given));
    else if (given === '') continue;
    else if (input.dataset.in === 'query') query.append(name, given);
    else headers[name] = given;
  }
  const token = document.getElementById('token').value;
  if (token !== '') headers.authorization = 'Bearer ' + token;
  const body = section.querySelector('textarea');
  if (body) headers['content-type'] = 'application/json';
  const search = query.toString();
  return { url: search ? url + '?' + search : url, init: { method, headers, body: body ? body.value : undefined } };
}

function curlOf({ url, init }) {
  const quote = (text) => "'" + text.replaceAll("'", "'\\\\''") + "'";
  const parts = ['curl -i'];
  if (init.method !== 'GET') parts.push('-X ' + init.method);
  for (const [name, value] of Object.entries(init.headers)) parts.push('-H ' + quote(name + ': ' + value));
  if (init.body !== undefined) parts.push('-d ' + quote(init.body));
  return parts.concat(quote(new URL(url, location.href).href)).join(' ');
}

async function tryOut(section, method, path) {
  const request = requestOf(section, method, path);
  const result = section.querySelector('.result');
  result.replaceChildren(element('pre', {}, curlOf(request)), element('p', {}, 'Waiting…'));
  const began = performance.now();
  try {
    const response = await fetch(request.url, request.init);
    const text = await response.text();
    const took = Math.round(performance.now() - began);
    let shown = text;
    try {
      const body = JSON.parse(text);
      // a text with numbers that JavaScript would round is shown unchanged
      if (JSON.stringify(body) === text) shown = JSON.stringify(body, null, 2);
    } catch { /* shown unchanged */ }
    const headers = [...response.headers].map(([name, value]) => name + ': ' + value).join('\\n');
    result.replaceChildren(
      element('pre', {}, curlOf(request)),
      element('p', {}, element('span', { class: 'status ' + (response.ok ? 'good' : 'bad') },
        response.status + ' ' + response.statusText), ' in ' + took + ' ms'),
      element('pre', { tabindex: '0', 'aria-label': 'Response' }, shown),
      element('details', {}, element('summary', {}, 'Headers'), element('pre', {}, headers)));
  } catch (error) {
    result.replaceChildren(element('p', { class: 'status bad' }, String(error)));
  }
}

function sectionFor(method, path, operation, spec, number) {
  const id = method + path.replaceAll(/[^a-z0-9]+/gi, '-');
  const rows = (operation.parameters || []).map((one, i) => parameterRow(one, 'p' + number + '-' + i, spec));
  const body = operation.requestBody && operation.requestBody.content['application/json'];
  const ok = Object.entries(operation.responses).find(([status]) => status.startsWith('2'));
  const example = ok && ok[1].content && ok[1].content['application/json'].example;
  const section = element('section', { id, 'aria-labelledby': id + '-h' },
    element('h2', { id: id + '-h' }, element('span', { class: 'method ' + method }, method.toUpperCase()), ' ' + path,
      operation.deprecated ? element('span', { class: 'deprecated' }, 'deprecated') : undefined),
    element('p', { class: 'about' }, operation.description || ''),
    rows.length ? element('table', {}, element('thead', {}, element('tr', {},
      ...['Parameter', 'In', 'Type', 'Value'].map((text) => element('th', { scope: 'col' }, text)))),
      element('tbody', {}, ...rows)) : undefined,
    body ? element('p', {}, element('label', { for: 'b' + number }, 'Body'),
      element('textarea', { id: 'b' + number, spellcheck: 'false' }, JSON.stringify(body.example, null, 2))) : undefined,
    element('div', { class: 'row' }, element('button', { type: 'button',
      on: { click: () => tryOut(section, method.toUpperCase(), path) } }, 'Try it'),
      needsCredential(operation, spec) ? element('span', {}, 'Needs a credential.') : undefined),
    element('div', { class: 'result', 'aria-live': 'polite' }),
    element('details', {}, element('summary', {}, 'Example response'),
      element('pre', { tabindex: '0' }, JSON.stringify(example, null, 2))),
    element('details', {}, element('summary', {}, 'Other responses'),
      element('ul', {}, ...Object.entries(operation.responses).filter(([status]) => !status.startsWith('2'))
        .map(([status, response]) => element('li', {}, element('strong', {}, status), ' ' + response.description)))));
  return { id, section };
}

async function write() {
  const response = await fetch(document.body.dataset.openapi);
  if (!response.ok) throw new Error('The OpenAPI document could not be loaded: ' + response.status);
  const spec = await response.json();
  let number = 0;
  const groups = new Map();
  for (const [path, item] of Object.entries(spec.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const { id, section } = sectionFor(method, path, operation, spec, number++);
      main.append(section);
      const tag = operation.tags[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(element('li', {}, element('a', { href: '#' + id },
        element('span', { class: 'method ' + method }, method.toUpperCase()), ' ' + path)));
    }
  }
  for (const [tag, items] of groups) index.append(element('h2', {}, tag), element('ul', {}, ...items));
  if (number === 0) state.textContent = 'There are no endpoints yet.';
  else state.remove();
}

write().catch((error) => { state.textContent = String(error); });
`;
