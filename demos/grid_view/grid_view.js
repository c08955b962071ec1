
/* The viewer as a component of the page: what it shows comes by address, what is done on it goes back as state. */
const hue = (k) => `hsl(${(k * 137.508) % 360}deg 70% ${k % 2 ? 38 : 52}%)`; // golden angle: neighbours differ
const get = async (url, tries = 4) => {
  let answer;
  try {
    answer = await fetch(url);
  } catch (error) { // a busy server closed the connection
    if (tries === 1) throw error;
    await new Promise((done) => setTimeout(done, 1000));
    return get(url, tries - 1);
  }
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
};

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".grid"), card = parentElement.querySelector(".card");
  const problem = parentElement.querySelector(".problem"), clear = parentElement.querySelector(".clear");
  const base = new URL(data.url, document.baseURI).href;
  const state = (root.glyphzoo ??= {});

  function hover(i) {
    state.at = i;
    card.hidden = i < 0;
    if (i < 0) return;
    const said = state.says?.[i];
    card.querySelector("img").src = `${base}/picture/${i}`;
    card.querySelector("strong").textContent = state.labels[i];
    card.querySelector("em").textContent = said ? `${state.reader}: ${said[0] || "nothing"} (${said[1]})` : "";
    card.querySelector("span").textContent = state.names[i];
    const [x, y, w] = state.shown.box(i), edge = root.getBoundingClientRect(), wide = card.offsetWidth + 16;
    const right = edge.left + x + w + 12;
    card.style.left = `${Math.max(8, right + wide > innerWidth ? edge.left + x - wide : right)}px`;
    card.style.top = `${Math.max(8, Math.min(edge.top + y, innerHeight - card.offsetHeight - 8))}px`;
  }
  function colours() {
    const { labels } = state, said = (i) => state.says?.[i]?.[0] ?? "";
    if (data.colour === "right" && state.says)
      return labels.map((label, i) => label.toLowerCase() === said(i).toLowerCase() ? "#2ca02c" : "#d62728");
    const shown = data.colour === "label" ? labels : data.colour === "prediction" && state.says ? labels.map((_, i) => said(i)) : null;
    if (!shown) return null;
    const values = shown.map((value) => value.toLowerCase());
    const order = new Map([...new Set(values)].sort().map((value, k) => [value, hue(k)]));
    return values.map((value) => value === "" ? "" : order.get(value));
  }
  function coming() { // the map that is asked for, by whichever call asked first
    if (state.url !== base) {
      state.shown?.close();
      delete root.dataset.ready;
      clear.hidden = true;
      Object.assign(state, { url: base, shown: null, says: null, said: "", lit: "[]", clicked: -1, at: -1, map: get(`${base}/data.json`) });
    }
    return state.map;
  }
  function select(pictures) {
    const none = pictures.length === 0;
    if (none && clear.hidden) return;
    clear.hidden = none;
    state.shown.light(pictures);
    setStateValue("selected", pictures);
  }
  function open(map) {
    state.names = map.names;
    state.labels = map.labels;
    root.style.aspectRatio = `${map.cols * map.size[0]} / ${map.rows * map.size[1]}`;
    const levels = map.levels.map((level) => ({ ...level, url: `${base}/${level.url}` }));
    return view(root, { ...map, levels, single: `${base}/${map.single}` }, {
      hover,
      click: (i) => { if (i >= 0 || state.clicked >= 0) setStateValue("clicked", i < 0 ? null : i); state.clicked = i; },
      select,
    });
  }
  async function update() {
    const map = await coming();
    if (state.url !== base) return; // the visitor went on
    state.shown ??= open(map);
    if (data.says !== state.said) {
      state.says = data.says ? await get(`${base}/${data.says}`) : null;
      Object.assign(state, { said: data.says, reader: data.reader });
      if (state.at >= 0) hover(state.at);
    }
    const lit = JSON.stringify(data.lit);
    if (lit !== state.lit) { state.lit = lit; state.shown.light(data.lit); }
    state.shown.colour(colours());
    state.shown.mode(data.select);
    state.shown.morph(data.points ? 0 : 1);
    problem.hidden = true;
  }
  clear.onclick = () => select([]);
  update().catch((error) => {
    if (state.url === base && !state.shown) state.url = ""; // the next call tries again
    problem.hidden = false;
    problem.textContent = error.message;
  });
}
