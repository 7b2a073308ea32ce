// The toast shop's page. It knows one thing of the server: the REST API under /rest/v1.

import { picture } from './picture.js';

const api = '/rest/v1';
const $ = (id) => document.getElementById(id);
const money = (n) => `${Number(n).toFixed(2)} €`;
const basket = new Map(); // toast id → {toast, quantity}

/** Asks the API and gives its JSON; a refusal becomes an Error with the server's own words. */
async function ask(path, options = {}) {
  const { prefer, ...rest } = options;
  const headers = { Accept: 'application/json', ...(rest.body ? { 'Content-Type': 'application/json' } : {}), ...(prefer ? { Prefer: prefer } : {}) };
  let answer;
  try {
    answer = await fetch(api + path, { ...rest, headers });
  } catch {
    throw new Error('The shop does not answer. Is the server still running?');
  }
  const text = await answer.text();
  const data = text ? JSON.parse(text) : null;
  if (!answer.ok) throw new Error(data?.message ?? `The shop answered ${answer.status}.`);
  return { data, answer };
}

function element(tag, className, text) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

// ── menu ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Quotes a value for PostgREST's logic trees. */
const quoted = (s) => `"${s.replace(/[\\"]/g, '\\$&')}"`;

const menuColumns = 'id,name,description,price,vegan,rating,ingredients(name)';

function menuPath() {
  const q = new URLSearchParams({
    select: menuColumns,
    available: 'is.true',
    order: `${$('sort').value},id`,
  });
  if ($('vegan').checked) q.set('vegan', 'is.true');
  const words = $('search').value.trim().replace(/[%_*]/g, '');
  if (words) {
    const like = `ilike.${quoted(`*${words}*`)}`;
    q.set('select', `${menuColumns},found:ingredients()`);
    q.append('found.name', `ilike.*${words}*`);
    q.append('or', `(name.${like},description.${like},found.not.is.null)`);
  }
  return `/toast?${q}`;
}

let asked = 0;
async function showMenu() {
  const mine = ++asked;
  try {
    const { data } = await ask(menuPath());
    if (mine !== asked) return; // a later question is under way
    $('toasts').replaceChildren(...data.map(card));
    $('menu-note').textContent = data.length === 0 ? 'No toast like that. Try “basil”, or take the filter off.' : `${data.length} toast${data.length === 1 ? '' : 's'}`;
  } catch (error) {
    $('menu-note').textContent = error.message;
  }
}

function card(toast) {
  const li = $('card').content.firstElementChild.cloneNode(true);
  li.querySelector('.picture').append(picture(toast.ingredients));
  li.querySelector('h3').textContent = toast.name;
  li.querySelector('.words').textContent = toast.description;
  const made = li.querySelector('.made');
  if (toast.vegan) made.append(element('span', 'tag', 'vegan'));
  made.append(toast.ingredients.map((i) => i.name).join(', '));
  li.querySelector('.price').textContent = money(toast.price);
  li.querySelector('.rating').textContent = toast.rating === null ? '' : `★ ${toast.rating.toFixed(1)}`;
  const add = li.querySelector('.add');
  add.setAttribute('aria-label', `Add ${toast.name}`);
  add.addEventListener('click', () => change(toast, 1));
  return li;
}

// ── basket ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

function change(toast, by) {
  const quantity = Math.min((basket.get(toast.id)?.quantity ?? 0) + by, 20);
  if (quantity > 0) basket.set(toast.id, { toast, quantity });
  else basket.delete(toast.id);
  showBasket();
}

const total = () => [...basket.values()].reduce((sum, { toast, quantity }) => sum + Math.round(Number(toast.price) * 100) * quantity, 0) / 100;

function showBasket() {
  const lines = [...basket.values()].map(({ toast, quantity }) => {
    const li = element('li');
    li.append(element('span', '', toast.name));
    const many = element('span', 'many');
    const less = element('button', '', '−');
    const more = element('button', '', '+');
    less.type = more.type = 'button';
    less.setAttribute('aria-label', `One ${toast.name} less`);
    more.setAttribute('aria-label', `One ${toast.name} more`);
    less.addEventListener('click', () => change(toast, -1));
    more.addEventListener('click', () => change(toast, 1));
    many.append(less, element('span', '', String(quantity)), more);
    li.append(many);
    return li;
  });
  $('lines').replaceChildren(...lines);
  $('empty').hidden = lines.length > 0;
  $('total').textContent = money(total());
  $('count').textContent = String([...basket.values()].reduce((n, l) => n + l.quantity, 0));
  $('send').disabled = lines.length === 0;
}

function valid() {
  let first = null;
  for (const [id, words] of [['name', 'Please say who the order is for.'], ['email', 'Please give an address like ada@example.com.']]) {
    const input = $(id);
    const bad = !input.checkValidity() || input.value.trim() === '';
    input.setAttribute('aria-invalid', String(bad));
    $(`${id}-error`).textContent = bad ? words : '';
    if (bad) first ??= input;
  }
  first?.focus();
  return first === null;
}

async function place() {
  const { data: [customer] } = await ask('/customer?on_conflict=email&select=id', {
    method: 'POST',
    prefer: 'resolution=merge-duplicates,return=representation',
    body: JSON.stringify([{ email: $('email').value.trim(), name: $('name').value.trim(), city: 'Berlin' }]),
  });
  const { data: [order] } = await ask('/order?select=id', {
    method: 'POST',
    prefer: 'return=representation',
    body: JSON.stringify([{ customer_id: customer.id, total: total().toFixed(2), note: $('note').value.trim() || null }]),
  });
  const items = [...basket.values()].map(({ toast, quantity }, i) => ({ order_id: order.id, line: i + 1, toast_id: toast.id, quantity, price: toast.price }));
  try {
    await ask('/order_item', { method: 'POST', body: JSON.stringify(items) });
  } catch (error) {
    await ask(`/order?id=eq.${order.id}`, { method: 'DELETE' }); // no order without its toasts
    throw error;
  }
  return order.id;
}

async function send(event) {
  event.preventDefault();
  if (!valid()) return;
  const said = $('said');
  $('send').disabled = true;
  said.classList.remove('bad');
  said.textContent = 'One moment…';
  try {
    const id = await place();
    basket.clear();
    $('note').value = '';
    said.textContent = `Thank you! Your order has the number ${id}.`;
    await showLatest().catch(() => {}); // the order is placed, whatever comes of the list
  } catch (error) {
    said.classList.add('bad');
    said.textContent = error.message;
  }
  showBasket();
}

// ── latest orders ───────────────────────────────────────────────────────────────────────────────────────────────────────

const ago = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
function when(text) {
  const seconds = (new Date(text) - Date.now()) / 1000;
  for (const [unit, size] of [['day', 86400], ['hour', 3600], ['minute', 60]]) {
    if (Math.abs(seconds) >= size) return ago.format(Math.round(seconds / size), unit);
  }
  return 'just now';
}

async function showLatest() {
  const { data, answer } = await ask('/order?select=id,status,total,placed_at,customer(name),items(quantity,toast(name))&order=placed_at.desc,id.desc&limit=7',
    { prefer: 'count=estimated' });
  $('orders').replaceChildren(...data.map((o) => {
    const li = element('li');
    li.append(
      element('span', 'who', o.customer.name), element('span', 'sum', money(o.total)),
      element('span', 'what', o.items.map((i) => `${i.quantity > 1 ? `${i.quantity} × ` : ''}${i.toast.name}`).join(', ')),
      element('span', 'when', `${o.status}, ${when(o.placed_at)}`),
    );
    return li;
  }));
  const all = answer.headers.get('Content-Range')?.split('/')[1];
  if (all && all !== '*') $('sold').textContent = Number(all).toLocaleString('en');
}

// ── start ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

let typing;
$('search').addEventListener('input', () => { clearTimeout(typing); typing = setTimeout(showMenu, 150); });
$('vegan').addEventListener('change', showMenu);
$('sort').addEventListener('change', showMenu);
$('filters').addEventListener('submit', (event) => { event.preventDefault(); showMenu(); });
$('order').addEventListener('submit', send);
showMenu();
showBasket();
showLatest().catch(() => {});
setInterval(() => { if (!document.hidden) showLatest().catch(() => {}); }, 5000);
