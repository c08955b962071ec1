/* A grid of pictures to zoom, pan and point at, on a canvas.

view(root, data, hooks) shows it in the element root.
  data.rows, data.cols   of the grid
  data.cells             for each cell, row by row, the picture in it or -1
  data.names, .labels    of each picture
  data.size              width and height of a cell
  data.levels            from coarse to fine {cell, tile, url}: a cell's width in pixels, how many cells a tile has
                         across and down, and its address, in which {row} and {col} are the tile's
  data.single            address of one picture, in which {i} is its number, for a closer look; may be missing
  data.points            x and y of each picture in the plane, 0…1, one behind the other; may be missing or empty
  data.colours           for each picture "" or the colour of a frame; may be missing
  hooks.hover(i), hooks.click(i)   are told of pictures, -1 for none
  hooks.select(pictures)           is told of those in a box that was drawn with Shift held, or in select mode; of none
                                   when Escape is pressed, which also shows the whole again
Returns {zoomTo(i), light(pictures), colour(colours), mode(select), morph(to), copy(i, canvas), box(i),
close()}; morph(0) moves the pictures from their cells to their points, morph(1) back. */
function view(root, data, hooks = {}) {
  const canvas = root.appendChild(document.createElement("canvas"));
  const pen = canvas.getContext("2d");
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label",
    `${data.names.length} pictures on a grid of ${data.rows} rows and ${data.cols} columns. ` +
    "Arrow keys move from picture to picture, plus and minus zoom, Enter chooses.");
  const loaded = new Map(), MOST = 600; // pictures by address, the one asked for longest ago first
  const SINGLES = 200, failed = new Map(), TRIES = 3; // so many pictures are loaded one by one, each so often at most
  const where = new Array(data.names.length);
  data.cells.forEach((i, cell) => { if (i >= 0) where[i] = cell; });
  const pointers = new Map();
  const [wide, tall] = data.size;
  let scale = 1, left = 0, top = 0; // on screen: x = left + column · wide · scale
  let least = Infinity, at = -1, lit = new Set(), colours = data.colours, moved = 0, drawing = false;
  let settled = 1, goal = 1;        // 0: pictures at their points, 1: in their cells
  let selecting = false, drawn = null; // a box in cells: [column, row, column, row]

  const size = () => [canvas.clientWidth, canvas.clientHeight];
  function fit() {
    const ratio = window.devicePixelRatio || 1, [w, h] = size();
    canvas.width = Math.max(Math.round(w * ratio), 1);
    canvas.height = Math.max(Math.round(h * ratio), 1);
    const whole = least; // as long as all is shown, all stays shown
    least = Math.min(w / (wide * data.cols), h / (tall * data.rows)) || 1;
    if (scale <= whole || scale < least) home(); else bound();
  }
  function home() { scale = least; left = top = 0; bound(); }
  function bound() {
    const [w, h] = size(), x = wide * data.cols * scale, y = tall * data.rows * scale;
    left = x <= w ? (w - x) / 2 : Math.min(0, Math.max(w - x, left));
    top = y <= h ? (h - y) / 2 : Math.min(0, Math.max(h - y, top));
    draw();
  }
  function draw() {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      const ratio = window.devicePixelRatio || 1;
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, ...size());
      const [w, h] = size(), seen = visible(0, 0, w, h);
      const wanted = data.levels.findIndex((level) => level.cell >= wide * scale * ratio);
      const finest = wanted < 0 ? data.levels.length - 1 : wanted;
      const shown = settled < 1 ? [...data.names.keys()] : [...within(seen)];
      if (settled < 1) {
        pen.globalAlpha = lit.size ? 0.25 : 1;
        for (const i of shown) if (!lit.has(i)) alone(i);
        pen.globalAlpha = 1;
        for (const i of lit) alone(i);
      } else {
        for (let k = 0; k <= finest; k++) if (k === 0 || k === finest) paint(data.levels[k], seen);
        if (wanted < 0 && data.single && shown.length <= SINGLES) for (const i of shown) {
          const one = load(data.single.replace("{i}", i));
          if (one) contain(one, ...box(i));
        }
        if (lit.size) {
          pen.fillStyle = "rgba(0, 0, 0, 0.65)";
          for (const i of shown) if (!lit.has(i)) pen.fillRect(...box(i));
        }
      }
      if (colours) for (const i of shown)
        if (colours[i]) frame(...box(i), colours[i], Math.min(Math.min(...box(i).slice(2)) / 8, 4));
      for (const i of lit) frame(...box(i), "#e8590c", 2);
      if (at >= 0) frame(...box(at), "#1c7ed6", 3);
      if (drawn) {
        const [x, y, x1, y1] = [left + drawn[0] * wide * scale, top + drawn[1] * tall * scale,
          left + drawn[2] * wide * scale, top + drawn[3] * tall * scale];
        frame(Math.min(x, x1), Math.min(y, y1), Math.abs(x1 - x), Math.abs(y1 - y), "#e8590c", 2);
      }
      if (settled !== goal) {
        settled = goal > settled ? Math.min(settled + 0.02, 1) : Math.max(settled - 0.02, 0);
        draw();
      }
    });
  }
  const address = ({ url }, row, col) =>
    url.startsWith("data:") ? url : url.replace("{row}", row).replace("{col}", col);
  function load(url) { // the picture if it is there, and else once it is
    let one = loaded.get(url);
    if (one) loaded.delete(url);
    else {
      one = new Image();
      one.onload = () => { root.dataset.ready = "true"; draw(); };
      one.onerror = () => {
        failed.set(url, (failed.get(url) ?? 0) + 1);
        if (failed.get(url) < TRIES) setTimeout(() => { loaded.delete(url); draw(); }, 1000);
      };
      one.src = url;
      if (loaded.size >= MOST) loaded.delete(loaded.keys().next().value);
    }
    loaded.set(url, one);
    return one.complete && one.naturalWidth ? one : null;
  }
  function visible(x, y, x1, y1) { // first and last column and row of a part of the screen
    const limit = (value, most) => Math.min(Math.max(Math.floor(value), 0), most - 1);
    return [limit((x - left) / (wide * scale), data.cols), limit((y - top) / (tall * scale), data.rows),
      limit((x1 - left) / (wide * scale), data.cols), limit((y1 - top) / (tall * scale), data.rows)];
  }
  function* within([first, upper, last, lower]) {
    for (let row = upper; row <= lower; row++) for (let col = first; col <= last; col++) {
      const i = data.cells[row * data.cols + col];
      if (i >= 0) yield i;
    }
  }
  function inside(x, y, x1, y1) { // the pictures in a box, whose corners are given in cells
    const [first, last, upper, lower] = [Math.min(x, x1), Math.max(x, x1), Math.min(y, y1), Math.max(y, y1)];
    if (settled === 1) return [...within(visible(left + first * wide * scale, top + upper * tall * scale,
      left + last * wide * scale, top + lower * tall * scale))];
    return [...data.names.keys()].filter((i) => {
      const [a, b, w, h] = box(i), [col, row] = cell(a + w / 2, b + h / 2);
      return col >= first && col <= last && row >= upper && row <= lower;
    });
  }
  function paint(level, [first, upper, last, lower]) {
    const n = level.tile;
    for (let row = Math.floor(upper / n); row <= Math.floor(lower / n); row++)
      for (let col = Math.floor(first / n); col <= Math.floor(last / n); col++) {
        const one = load(address(level, row, col));
        pen.imageSmoothingEnabled = !one || level.cell * 3 > wide * scale;
        const across = Math.min(n, data.cols - col * n), down = Math.min(n, data.rows - row * n);
        if (one) pen.drawImage(one, left + col * n * wide * scale, top + row * n * tall * scale,
          across * wide * scale, down * tall * scale);
      }
  }
  function alone(i) { // one picture out of its tile, wherever it is just now
    const level = data.levels[data.levels.length - 1], n = level.tile, high = level.cell * tall / wide;
    const row = Math.floor(where[i] / data.cols), col = where[i] % data.cols;
    const one = load(address(level, Math.floor(row / n), Math.floor(col / n)));
    if (one) pen.drawImage(one, (col % n) * level.cell, (row % n) * high, level.cell, high, ...box(i));
  }
  function contain(one, x, y, w, h) {
    const fit = Math.min(w / one.naturalWidth, h / one.naturalHeight);
    const [a, b] = [one.naturalWidth * fit, one.naturalHeight * fit];
    pen.fillStyle = "#fff";
    pen.fillRect(x, y, w, h);
    pen.drawImage(one, x + (w - a) / 2, y + (h - b) / 2, a, b);
  }
  function frame(x, y, w, h, colour, thick) {
    pen.lineWidth = thick;
    pen.strokeStyle = colour;
    pen.strokeRect(x, y, w, h);
  }
  function box(i) { // where a picture is on the screen: in its cell, at its point, or on its way
    let col = where[i] % data.cols, row = Math.floor(where[i] / data.cols);
    const way = settled * settled * (3 - 2 * settled), small = 0.35 + 0.65 * way;
    if (settled < 1) {
      const [x, y] = [data.points[2 * i] * (data.cols - 1), data.points[2 * i + 1] * (data.rows - 1)];
      [col, row] = [x + (col - x) * way + (1 - small) / 2, y + (row - y) * way + (1 - small) / 2];
    }
    return [left + col * wide * scale, top + row * tall * scale, wide * scale * small, tall * scale * small];
  }
  function find(x, y) {
    if (settled < 1) {
      for (let i = data.names.length - 1; i >= 0; i--) {
        const [a, b, w, h] = box(i);
        if (x >= a && y >= b && x < a + w && y < b + h) return i;
      }
      return -1;
    }
    const col = Math.floor((x - left) / (wide * scale)), row = Math.floor((y - top) / (tall * scale));
    return col < 0 || row < 0 || col >= data.cols || row >= data.rows ? -1 : data.cells[row * data.cols + col];
  }
  function point(i) {
    if (i === at) return;
    at = i;
    draw();
    hooks.hover?.(i);
  }
  function zoom(factor, x, y) {
    const next = Math.min(Math.max(scale * factor, least), Math.max(512 / wide, least));
    left = x - (x - left) * next / scale;
    top = y - (y - top) * next / scale;
    scale = next;
    bound();
  }
  function show(i) { // brings a picture into view
    const [w, h] = size(), [x, y] = box(i);
    if (x < 0 || x + wide * scale > w) left += w / 2 - x;
    if (y < 0 || y + tall * scale > h) top += h / 2 - y;
    bound();
  }
  const cell = (x, y) => [(x - left) / (wide * scale), (y - top) / (tall * scale)];
  const spot = (e) => { const r = canvas.getBoundingClientRect(); return [e.clientX - r.left, e.clientY - r.top]; };

  const events = {
    wheel(e) { e.preventDefault(); zoom(Math.exp(-e.deltaY * (e.deltaMode ? 0.05 : 0.0015)), ...spot(e)); point(find(...spot(e))); },
    dblclick(e) { zoom(3, ...spot(e)); },
    pointerdown(e) {
      canvas.setPointerCapture(e.pointerId);
      pointers.set(e.pointerId, spot(e));
      if (pointers.size === 1) moved = 0;
      drawn = (selecting || e.shiftKey) && pointers.size === 1 ? [...cell(...spot(e)), ...cell(...spot(e))] : null;
    },
    pointermove(e) {
      const now = spot(e), before = pointers.get(e.pointerId);
      if (!before) return point(find(...now));
      moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
      if (pointers.size === 2) {
        const [other] = [...pointers].filter(([id]) => id !== e.pointerId).map(([, p]) => p);
        const apart = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]) || 1;
        zoom(apart(now) / apart(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
      } else if (drawn) {
        drawn = [drawn[0], drawn[1], ...cell(...now)];
        draw();
      } else if (moved > 4) {
        left += now[0] - before[0];
        top += now[1] - before[1];
        bound();
      }
      pointers.set(e.pointerId, now);
    },
    pointerup(e) {
      if (pointers.size === 1 && moved <= 4) { point(find(...spot(e))); hooks.click?.(at); }
      else if (drawn) {
        hooks.select?.(inside(...drawn));
      }
      drawn = null;
      draw();
      pointers.delete(e.pointerId);
    },
    pointercancel(e) { pointers.delete(e.pointerId); drawn = null; draw(); },
    pointerleave() { if (!pointers.size) point(-1); },
    keydown(e) {
      const [w, h] = size(), step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -data.cols, ArrowDown: data.cols }[e.key];
      if (e.key === "+" || e.key === "=") zoom(1.5, w / 2, h / 2);
      else if (e.key === "-") zoom(1 / 1.5, w / 2, h / 2);
      else if (e.key === "Enter" && at >= 0) hooks.click?.(at);
      else if (e.key === "Escape") { home(); point(-1); hooks.select?.([]); hooks.click?.(-1); }
      else if (step) {
        let cell = at < 0 ? (step > 0 ? -step : data.cells.length - step) : where[at];
        do cell += step; while (data.cells[cell] === -1);
        if (data.cells[cell] >= 0) { point(data.cells[cell]); show(at); }
      } else return;
      e.preventDefault();
    },
  };
  for (const [name, handler] of Object.entries(events))
    canvas.addEventListener(name, handler, name === "wheel" ? { passive: false } : undefined);
  const watcher = new ResizeObserver(fit);
  watcher.observe(canvas);

  return {
    zoomTo(i) { scale = Math.max(scale, Math.min(96 / wide, 4)); point(i); show(i); },
    light(pictures) { lit = new Set(pictures); draw(); },
    colour(values) { colours = values; draw(); },
    mode(select) { selecting = select; },
    morph(to) {
      if (!data.points?.length || to === goal) return;
      goal = to;
      settled = Math.min(Math.max(settled, 0.001), 0.999);
      draw();
    },
    copy(i, target) { // a picture as it is in its tile of the finest level, onto another canvas
      const level = data.levels[data.levels.length - 1], n = level.tile;
      const row = Math.floor(where[i] / data.cols), col = where[i] % data.cols;
      const one = load(address(level, Math.floor(row / n), Math.floor(col / n)));
      const high = level.cell * tall / wide;
      [target.width, target.height] = [level.cell, high];
      if (one) target.getContext("2d").drawImage(
        one, (col % n) * level.cell, (row % n) * high, level.cell, high, 0, 0, level.cell, high);
    },
    box,
    close() { watcher.disconnect(); canvas.remove(); },
  };
}
