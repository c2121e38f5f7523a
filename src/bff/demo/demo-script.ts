/** Script for the browser: calls both endpoints and shows their responses. It never creates markup from strings. */
export const DEMO_SCRIPT = `'use strict';
function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
  node.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return node;
}

const euros = (cents) => new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' }).format(cents / 100);
const day = (text) => new Date(text).toLocaleDateString('en', { dateStyle: 'medium' });

/** The demo has no image files, so each picture is a coloured box. */
function picture(kind, text, label) {
  let sum = 0;
  for (const character of text) sum = (sum * 31 + character.charCodeAt(0)) % 360;
  const node = element('span', { class: kind, role: 'img', 'aria-label': label }, label.slice(0, 1).toUpperCase());
  node.style.background = 'hsl(' + sum + ' 45% 38%)';
  return node;
}

function list(items, row) {
  if (!items) return element('p', { class: 'missing' }, 'Unavailable right now.');
  if (items.length === 0) return element('p', { class: 'soft' }, 'Nothing yet.');
  return element('ul', {}, items.map((item) => element('li', {}, row(item))));
}

const title = (order) => element('div', { class: 'row' }, element('span', {}, 'Order ' + order.id + ' ',
  element('span', { class: 'badge' }, order.status.toLowerCase())), element('strong', {}, euros(order.total)));

function mobile({ profile, recent, unread, recommended }) {
  return [
    element('div', { class: 'row' }, element('h3', {}, 'Hi, ' + profile.name.split(' ')[0]), picture('face', profile.id, profile.name)),
    element('h4', {}, 'Unread'),
    list(unread, (one) => one.title),
    element('h4', {}, 'Recent orders'),
    list(recent && recent.orders, (order) => [title(order), element('div', { class: 'thumbs' },
      order.items.map(({ product }) => product && picture('thumb', product.thumbnail, 'Product')))]),
    recommended === undefined ? undefined : element('h4', {}, 'For you'),
    recommended === undefined ? undefined : list(recommended, (one) => element('div', { class: 'row' },
      element('span', {}, one.product ? one.product.name : 'Product'), element('span', { class: 'soft' }, one.product ? euros(one.product.price) : ''))),
  ];
}

function web({ profile, orders, reviews, notifications, recommended }) {
  return [
    element('div', { class: 'head' }, picture('face', profile.id, profile.name),
      element('div', {}, element('h3', {}, profile.name), element('span', { class: 'soft' }, profile.email))),
    element('div', {}, element('h4', {}, 'Orders'), list(orders, (order) => [title(order),
      element('div', { class: 'soft' }, day(order.placedAt)),
      element('ul', {}, order.items.map(({ quantity, product }) => element('li', { class: 'row' },
        element('span', {}, quantity + ' × ' + (product ? product.name : 'a product')),
        element('span', { class: 'soft' }, product ? (product.inStock === null ? 'stock unknown' : product.inStock ? 'in stock' : 'sold out') : ''))))])),
    element('div', {}, element('h4', {}, 'Notifications'), list(notifications, (one) => [element('div', {}, one.title),
      element('div', { class: 'soft' }, day(one.createdAt) + (one.read ? '' : ' · unread'))]),
      recommended === undefined ? undefined : element('h4', {}, 'For you'),
      recommended === undefined ? undefined : list(recommended, (one) => element('div', {}, one.product ? one.product.name : 'Product', element('div', { class: 'soft' }, one.reason))),
      element('h4', {}, 'Reviews'), list(reviews, (one) => [
        element('div', {}, '★'.repeat(one.rating) + ' ' + (one.product ? one.product.name : '')),
        element('div', { class: 'soft' }, one.body)])),
  ];
}

async function show(name, url, render) {
  const screen = document.getElementById(name);
  document.getElementById(name + '-url').textContent = 'GET ' + url;
  const began = performance.now();
  const response = await fetch(location.pathname.replace(/\\/demo$/, '') + url);
  const text = await response.text();
  const facts = document.getElementById(name + '-facts');
  const answer = JSON.parse(text);
  facts.textContent = response.status + ', ' + new Blob([text]).size + ' bytes of JSON, ' + Math.round(performance.now() - began) + ' ms'
    + (answer.meta ? '; failed alone: ' + answer.meta.partial.map(({ path, code }) => path.join('.') + ' (' + code + ')').join(', ') : '');
  screen.replaceChildren(...(response.ok ? render(answer) : [element('p', { class: 'missing' }, answer.detail)]).filter(Boolean));
}

async function showBoth(user) {
  const state = document.getElementById('state');
  state.textContent = 'Loading…';
  try {
    const id = encodeURIComponent(user);
    await Promise.all([
      show('mobile', '/bff/mobile/dashboard/' + id + '?orders=3', mobile),
      show('web', '/bff/web/dashboard/' + id + '?orders=4&reviews=3&notifications=5', web),
    ]);
    state.textContent = '';
  } catch (error) {
    state.textContent = String(error);
  }
}

const form = document.getElementById('who');
form.addEventListener('submit', (event) => {
  event.preventDefault();
  showBoth(form.elements.user.value);
});
form.elements.user.value = new URLSearchParams(location.search).get('user') || 'u2';
showBoth(form.elements.user.value);
`;
