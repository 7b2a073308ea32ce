// Draws a toast from what it is made of. Emoji would do, where the machine has a font for them.

const breads = {
  sourdough: ['#b9772f', '#f0d9ae'], 'rye bread': ['#5f3a1e', '#a9805a'], 'seeded bread': ['#8a5a2b', '#dcbb8a'],
  brioche: ['#c98a2e', '#fbe6a9'], 'buckwheat bread': ['#6d5440', '#bfa68c'],
};

// What each topping looks like: a shape, its colours, how many, how large.
const toppings = {
  'chili flakes': ['dot', '#c8321f', 7, 1.1], 'sea salt': ['dot', '#ffffff', 5, 0.8], 'cherry tomatoes': ['half', '#d8412b', 4, 4.6, '#f08a70'],
  basil: ['leaf', '#2f7d32', 3, 4.6], mint: ['leaf', '#3a9a5b', 3, 3.8], coriander: ['leaf', '#4c9a2a', 4, 3], rocket: ['leaf', '#3f7f2c', 5, 5],
  dill: ['leaf', '#5d9c3c', 4, 2.6], radish: ['ring', '#d6336c', 3, 4.2, '#fff5f8'], cucumber: ['ring', '#4d9a45', 3, 4.6, '#dff2cf'],
  lime: ['ring', '#5fae2e', 1, 5, '#d9f2a7'], lemon: ['ring', '#e8b923', 1, 5, '#fff3b0'], peas: ['dot', '#7cc242', 6, 2], 'spring onion': ['ring', '#57a639', 5, 1.8, '#e9f7d8'],
  'pickled red onion': ['curl', '#b3387a', 4, 5], 'sesame seeds': ['dot', '#f6e7c1', 9, 0.9], 'black beans': ['bean', '#2b2330', 6, 2.9],
  sweetcorn: ['dot', '#f4c430', 7, 1.9], 'smoked tofu': ['cube', '#d9b98a', 4, 6], miso: ['dot', '#a8672f', 4, 1.6], kimchi: ['curl', '#d9482b', 5, 5.4],
  'poached egg': ['egg', '#fffdf6', 1, 12, '#f6a821'], feta: ['cube', '#fffdf2', 6, 4.4], halloumi: ['strip', '#f1dfae', 2, 20, '#b98a45'],
  burrata: ['egg', '#fffefa', 1, 12, '#f3efe2'], ricotta: ['egg', '#fffef8', 1, 10, '#f7f3e6'], 'smoked salmon': ['strip', '#f2866a', 3, 24, '#ffc1ab'],
  prawns: ['curl', '#f28c6b', 4, 6.4], bacon: ['strip', '#a83a2a', 3, 24, '#eeb09a'], dukkah: ['dot', '#8a5a2b', 10, 1.1], honey: ['dot', '#e7a417', 4, 2.2],
  walnuts: ['bean', '#8c5e34', 4, 3.4], mango: ['cube', '#ffb52e', 5, 4.8], pomegranate: ['dot', '#b3123f', 8, 1.7], capers: ['dot', '#5c6e2f', 5, 1.9],
  "za'atar": ['dot', '#56602c', 11, 1],
};

// Where things lie, in an order in which any few of them are well spread.
const places = [[24, 25], [41, 40], [41, 24], [24, 42], [32, 33], [20, 33], [45, 32], [32, 20], [33, 47], [27, 35], [38, 30], [18, 24], [47, 46]];

const svg = (tag, attributes) => {
  const e = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  return e;
};

const shapes = {
  dot: (x, y, r, a) => [svg('circle', { cx: x, cy: y, r, fill: a })],
  half: (x, y, r, a, b) => [svg('circle', { cx: x, cy: y, r, fill: a }), svg('circle', { cx: x, cy: y, r: r * 0.62, fill: b })],
  ring: (x, y, r, a, b) => [svg('circle', { cx: x, cy: y, r, fill: b, stroke: a, 'stroke-width': Math.max(r * 0.3, 0.9) })],
  leaf: (x, y, r, a, _, turn) => [svg('path', { d: `M0 ${-r}C${r * 0.9} ${-r * 0.4} ${r * 0.7} ${r * 0.7} 0 ${r}C${-r * 0.7} ${r * 0.7} ${-r * 0.9} ${-r * 0.4} 0 ${-r}z`, fill: a, transform: `translate(${x} ${y}) rotate(${turn})` })],
  bean: (x, y, r, a, _, turn) => [svg('ellipse', { rx: r, ry: r * 0.66, fill: a, transform: `translate(${x} ${y}) rotate(${turn})` })],
  cube: (x, y, r, a, _, turn) => [svg('rect', { x: -r / 2, y: -r / 2, width: r, height: r, rx: 0.8, fill: a, stroke: '#0002', 'stroke-width': 0.6, transform: `translate(${x} ${y}) rotate(${turn})` })],
  curl: (x, y, r, a, _, turn) => [svg('path', { d: `M${-r * 0.7} ${r * 0.3}A${r * 0.75} ${r * 0.75} 0 1 1 ${r * 0.6} ${r * 0.4}`, fill: 'none', stroke: a, 'stroke-width': r * 0.42, 'stroke-linecap': 'round', transform: `translate(${x} ${y}) rotate(${turn})` })],
  strip: (x, y, r, a, b, turn, i, n) => {
    const d = `M20 ${32 + (i - (n - 1) / 2) * 9}q4 -4 8 0t8 0t8 0`;
    return [svg('path', { d, fill: 'none', stroke: a, 'stroke-width': 6, 'stroke-linecap': 'round' }), svg('path', { d, fill: 'none', stroke: b, 'stroke-width': 1.4, 'stroke-linecap': 'round' })];
  },
  egg: (x, y, r, a, b) => [svg('path', { d: 'M21 33c-1-8 6-12 12-12c8 0 13 5 12 12c-1 8-6 11-12 11c-6 0-11-4-12-11z', fill: a }), svg('circle', { cx: 33, cy: 32, r: r * 0.46, fill: b })],
};

/** Draws a toast of these ingredients, as an SVG element that means nothing to a screen reader. */
export function picture(ingredients) {
  const names = ingredients.map((i) => i.name);
  const [crust, crumb] = breads[names.find((n) => breads[n])] ?? breads.sourdough;
  const slice = 'M13 29C6 26 6 10 20 9h24c14 1 14 17 7 20v22a6 6 0 0 1-6 6H19a6 6 0 0 1-6-6z';
  const e = svg('svg', { viewBox: '8 5 48 56', 'aria-hidden': 'true', focusable: 'false' });
  e.append(svg('path', { d: slice, fill: crust }), svg('path', { d: slice, fill: crumb, transform: 'translate(4 4.1) scale(.875)' }));
  if (names.includes('hummus')) e.append(svg('path', { d: slice, fill: '#e3c58f', transform: 'translate(6.4 6.6) scale(.8)' }));
  if (names.includes('avocado')) e.append(svg('path', { d: slice, fill: '#a9cf5a', transform: 'translate(9 9.2) scale(.72)' }));
  let place = names.length; // so that two toasts with the same topping differ
  const large = ['egg', 'strip'];
  const lying = names.filter((n) => toppings[n]).sort((a, b) => large.includes(toppings[b][0]) - large.includes(toppings[a][0]));
  for (const name of lying) {
    const [shape, colour, many, size, second] = toppings[name];
    for (let i = 0; i < many; i++) {
      const [x, y] = places[place++ % places.length];
      e.append(...shapes[shape](x, y, size, colour, second, (place * 67) % 360, i, many));
    }
  }
  return e;
}
