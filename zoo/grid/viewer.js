/* A grid of pictures to zoom, pan and point at, on a canvas.

view(root, data, hooks) shows it in the element root.
  data.rows, data.cols   of the grid
  data.cells             for each cell, row by row, the picture in it or -1
  data.names, .labels    of each picture
  data.picture           address of the montage of all cells
  hooks.hover(i), hooks.click(i)   are told of pictures, -1 for none
Returns {zoomTo(i), light(pictures), close()}. */
function view(root, data, hooks = {}) {
  const canvas = root.appendChild(document.createElement("canvas"));
  const pen = canvas.getContext("2d");
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label",
    `${data.names.length} pictures on a grid of ${data.rows} rows and ${data.cols} columns. ` +
    "Arrow keys move from picture to picture, plus and minus zoom, Enter chooses.");
  const picture = new Image();
  const where = new Array(data.names.length);
  data.cells.forEach((i, cell) => { if (i >= 0) where[i] = cell; });
  const pointers = new Map();
  let wide = 1, tall = 1;           // a cell of the montage in its pixels
  let scale = 1, left = 0, top = 0; // on screen: x = left + montage x · scale
  let least = 1, at = -1, lit = new Set(), moved = 0, drawing = false;

  const size = () => [canvas.clientWidth, canvas.clientHeight];
  function fit() {
    const ratio = window.devicePixelRatio || 1, [w, h] = size();
    canvas.width = Math.max(Math.round(w * ratio), 1);
    canvas.height = Math.max(Math.round(h * ratio), 1);
    const whole = least;
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
      pen.imageSmoothingEnabled = scale < 3;
      if (picture.complete && picture.naturalWidth)
        pen.drawImage(picture, left, top, wide * data.cols * scale, tall * data.rows * scale);
      if (lit.size) {
        pen.fillStyle = "rgba(0, 0, 0, 0.6)";
        pen.fillRect(left, top, wide * data.cols * scale, tall * data.rows * scale);
      }
      for (const i of lit) {
        const [x, y, w, h] = box(i);
        pen.drawImage(picture, ...source(i), x, y, w, h);
        frame(x, y, w, h, "#e8590c");
      }
      if (at >= 0) frame(...box(at), "#1c7ed6");
    });
  }
  function frame(x, y, w, h, colour) {
    pen.lineWidth = 2;
    pen.strokeStyle = colour;
    pen.strokeRect(x, y, w, h);
  }
  const source = (i) => [(where[i] % data.cols) * wide, Math.floor(where[i] / data.cols) * tall, wide, tall];
  function box(i) {
    const [x, y] = source(i);
    return [left + x * scale, top + y * scale, wide * scale, tall * scale];
  }
  function find(x, y) {
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
  const spot = (e) => { const r = canvas.getBoundingClientRect(); return [e.clientX - r.left, e.clientY - r.top]; };

  const events = {
    wheel(e) { e.preventDefault(); zoom(Math.exp(-e.deltaY * (e.deltaMode ? 0.05 : 0.0015)), ...spot(e)); point(find(...spot(e))); },
    dblclick(e) { zoom(3, ...spot(e)); },
    pointerdown(e) {
      canvas.setPointerCapture(e.pointerId);
      pointers.set(e.pointerId, spot(e));
      if (pointers.size === 1) moved = 0;
    },
    pointermove(e) {
      const now = spot(e), before = pointers.get(e.pointerId);
      if (!before) return point(find(...now));
      moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
      if (pointers.size === 2) {
        const [other] = [...pointers].filter(([id]) => id !== e.pointerId).map(([, p]) => p);
        const apart = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]) || 1;
        zoom(apart(now) / apart(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
      } else if (moved > 4) {
        left += now[0] - before[0];
        top += now[1] - before[1];
        bound();
      }
      pointers.set(e.pointerId, now);
    },
    pointerup(e) {
      if (pointers.size === 1 && moved <= 4) { point(find(...spot(e))); hooks.click?.(at); }
      pointers.delete(e.pointerId);
    },
    pointercancel(e) { pointers.delete(e.pointerId); },
    pointerleave() { if (!pointers.size) point(-1); },
    keydown(e) {
      const [w, h] = size(), step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -data.cols, ArrowDown: data.cols }[e.key];
      if (e.key === "+" || e.key === "=") zoom(1.5, w / 2, h / 2);
      else if (e.key === "-") zoom(1 / 1.5, w / 2, h / 2);
      else if (e.key === "Enter" && at >= 0) hooks.click?.(at);
      else if (e.key === "Escape") { home(); point(-1); }
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
  picture.onload = () => {
    wide = picture.naturalWidth / data.cols;
    tall = picture.naturalHeight / data.rows;
    least = Infinity;
    fit();
    root.dataset.ready = "true";
  };
  picture.src = data.picture;

  return {
    zoomTo(i) { scale = Math.max(scale, Math.min(96 / wide, 4)); point(i); show(i); },
    light(pictures) { lit = new Set(pictures); draw(); },
    copy(i, target) { // a picture as it is in the montage, onto another canvas
      [target.width, target.height] = [wide, tall];
      target.getContext("2d").drawImage(picture, ...source(i), 0, 0, wide, tall);
    },
    box,
    close() { watcher.disconnect(); canvas.remove(); },
  };
}
