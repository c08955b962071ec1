// A square to draw on with mouse, pen, finger or keys. Strokes go out ten times a second while one is drawn: each is a
// list of points [x, y], 0…1 from the upper left corner. Once the pen has rested they go out again: of events in quick
// succession the one before the last may be handled last.
const EVERY = 100, REST = 600; // milliseconds
const NEAR = 0.002, PEN = 0.035, STEP = 0.02;
const surface = element.querySelector("canvas"), ink = surface.getContext("2d");
const hint = element.querySelector(".hint"), said = element.querySelector("[role=status]");
let strokes = [], drawing = null, waiting = null, resting = null, cursor = null;

const rounded = (value) => Math.round(Math.min(Math.max(value, 0), 1) * 1e4) / 1e4;

function paint() {
    const side = surface.width, style = getComputedStyle(surface);
    ink.clearRect(0, 0, side, side);
    ink.strokeStyle = ink.fillStyle = style.color;
    ink.lineWidth = PEN * side;
    ink.lineCap = ink.lineJoin = "round";
    for (const stroke of strokes) {
        ink.beginPath();
        ink.moveTo(stroke[0][0] * side, stroke[0][1] * side);
        for (const [x, y] of stroke) ink.lineTo(x * side, y * side);
        ink.stroke();
    }
    if (cursor) {
        ink.strokeStyle = style.outlineColor;
        ink.lineWidth = Math.max(side / 200, 1);
        ink.beginPath();
        ink.arc(cursor[0] * side, cursor[1] * side, PEN * side * (drawing ? 0.6 : 1), 0, 2 * Math.PI);
        ink.stroke();
    }
    hint.hidden = strokes.length > 0;
}

function send() {
    waiting = null;
    props.value = strokes.map((stroke) => [...stroke]);
    trigger("input");
}

function changed() {
    paint();
    waiting ??= setTimeout(send, EVERY);
    clearTimeout(resting);
    resting = setTimeout(send, REST);
}

function add(point) {
    const stroke = strokes.at(-1), last = stroke.at(-1);
    if (!last || Math.hypot(point[0] - last[0], point[1] - last[1]) >= NEAR) stroke.push(point);
}

function at(event) {
    const box = surface.getBoundingClientRect();
    return [rounded((event.clientX - box.left) / box.width), rounded((event.clientY - box.top) / box.height)];
}

surface.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || (drawing !== null && drawing !== "keys")) return;
    surface.setPointerCapture(event.pointerId);
    drawing = event.pointerId;
    cursor = null;
    strokes.push([at(event)]);
    changed();
});
surface.addEventListener("pointermove", (event) => {
    if (drawing !== event.pointerId) return;
    const every = event.getCoalescedEvents?.() ?? [];
    for (const moved of every.length ? every : [event]) add(at(moved));
    changed();
});
for (const end of ["pointerup", "pointercancel", "lostpointercapture"])
    surface.addEventListener(end, (event) => {
        if (drawing !== event.pointerId) return;
        drawing = null;
        changed();
    });

function undo() {
    drawing = null;
    said.textContent = strokes.pop() ? "The last stroke is gone." : "There is nothing to undo.";
    changed();
}

function clear() {
    drawing = null;
    strokes = [];
    said.textContent = "The drawing is gone.";
    changed();
}

const MOVES = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
surface.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (move) {
        cursor ??= [0.5, 0.5];
        cursor = cursor.map((value, axis) => rounded(value + move[axis] * STEP * (event.shiftKey ? 4 : 1)));
        if (drawing === "keys") add(cursor);
        changed();
    } else if (event.key === " " || event.key === "Enter") {
        cursor ??= [0.5, 0.5];
        drawing = drawing === "keys" ? null : "keys";
        if (drawing) strokes.push([cursor]);
        said.textContent = drawing ? "The pen is down." : "The pen is up.";
        changed();
    } else if (event.key === "Backspace" || (event.key === "z" && (event.ctrlKey || event.metaKey))) undo();
    else if (event.key === "Delete" || event.key === "Escape") clear();
    else return;
    event.preventDefault();
});
surface.addEventListener("blur", () => {
    cursor = null;
    if (drawing === "keys") drawing = null;
    paint();
});
element.querySelector(".undo").addEventListener("click", undo);
element.querySelector(".clear").addEventListener("click", clear);

new ResizeObserver(() => {
    const side = Math.round(surface.clientWidth * devicePixelRatio);
    if (side && side !== surface.height) surface.width = surface.height = side;
    paint();
}).observe(surface);
