"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  for (const drawing of document.querySelectorAll("svg.drawing")) drawing.style.width = `${Number(drawing.dataset.width) * 1.12}px`;
  if (!data.statements) return;                      // too many for a page: the tables say all
  const words = data.words, map = document.getElementById("map-view"), dialog = document.getElementById("sheet");
  const make = (tag, options = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(options)) {
      if (name === "text") element.textContent = value;
      else if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
      else if (value !== null && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  };
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  const percent = new Intl.NumberFormat(data.language, { style: "percent", maximumFractionDigits: 0 });

  // ---------------------------------------------------------------------------------------------------- evidence
  const { statements, touches, codes, speakers } = data;
  const count = statements.id.length;
  const first = new Int32Array(count + 1);           // where the touches of each statement begin; they come sorted
  for (const statement of touches.statement) first[statement + 1] += 1;
  for (let place = 0; place < count; place += 1) first[place + 1] += first[place];
  const bySpeaker = Uint32Array.from(statements.id.keys()).sort((one, two) => statements.speaker[one] - statements.speaker[two] || one - two);
  const kindOf = codes.map((code) => code.kind);
  const themes = [], targetsOf = {};
  const placeOf = new Int32Array(codes.length);      // of a code among those of its kind
  codes.forEach((code, position) => {
    const list = code.kind === "theme" ? themes : (targetsOf[code.kind] ??= []);
    placeOf[position] = list.length;
    list.push(position);
  });
  const assessed = {};
  for (const [kind, missing] of Object.entries(data.not_assessed)) {
    assessed[kind] = new Uint8Array(count).fill(1);
    for (const statement of missing) assessed[kind][statement] = 0;
  }
  const nobody = new Uint8Array(count);
  const codeAt = new Map(codes.map((code, position) => [code.id, position]));
  const statementAt = new Map(statements.id.map((id, position) => [id, position]));

  /* The same rules as the library's matrices: distinct statements and speakers, and what was looked at. */
  const countCells = (kind, group) => {
    const targets = targetsOf[kind] ?? [], height = themes.length, width = targets.length, size = height * width;
    const cells = {
      targets, statements: new Int32Array(size), speakers: new Int32Array(size), share: new Float64Array(size).fill(NaN),
      state: new Uint8Array(size), contested: new Uint8Array(size),
    };
    const last = new Int32Array(size).fill(-1), poles = new Uint8Array(size);
    const rowHas = new Uint8Array(height), rowMet = new Uint8Array(height), columnHas = new Uint8Array(width), columnMet = new Uint8Array(width);
    const onThemes = assessed.theme ?? nobody, onTargets = assessed[kind] ?? nobody;
    let asked = 0, lastAsked = -1, anyone = false;
    for (const statement of bySpeaker) {
      const speaker = statements.speaker[statement];
      if (group !== null && speakers[speaker].group !== group) continue;
      if (onThemes[statement] && onTargets[statement]) {
        anyone = true;
        if (lastAsked !== speaker) { asked += 1; lastAsked = speaker; }
      }
      const from = first[statement], to = first[statement + 1];
      for (let left = from; left < to; left += 1) {
        const code = touches.code[left];
        if (kindOf[code] === kind) { columnHas[placeOf[code]] = 1; if (onThemes[statement]) columnMet[placeOf[code]] = 1; continue; }
        if (kindOf[code] !== "theme") continue;
        const row = placeOf[code];
        rowHas[row] = 1;
        if (onTargets[statement]) rowMet[row] = 1;
        for (let right = from; right < to; right += 1) {
          const target = touches.code[right];
          if (kindOf[target] !== kind) continue;
          const cell = row * width + placeOf[target];
          cells.statements[cell] += 1;
          if (last[cell] !== speaker) { cells.speakers[cell] += 1; last[cell] = speaker; }
          poles[cell] |= touches.polarity[left] | (touches.polarity[right] << 2);
        }
      }
    }
    const links = data.links[kind] ?? { related: [], unrelated: [] };
    const related = new Set(links.related), unrelated = new Set(links.unrelated);
    for (let row = 0; row < height; row += 1) for (let column = 0; column < width; column += 1) {
      const cell = row * width + column;
      const looked = (rowHas[row] ? rowMet[row] : anyone) && (columnHas[column] ? columnMet[column] : anyone);
      cells.state[cell] = cells.statements[cell] ? 0 : related.has(cell) ? 1 : unrelated.has(cell) ? 2 : looked ? 3 : 4;
      if (looked) cells.share[cell] = cells.speakers[cell] / Math.max(asked, 1);
      cells.contested[cell] = (poles[cell] & 3) === 3 || (poles[cell] >> 2) === 3 ? 1 : 0;
    }
    return cells;
  };
  const STATES = ["evidence", "linked", "none", "zero", "not_assessed"], MARKS = ["", "+", "\u2013", "0", ""];

  // ----------------------------------------------------------------------------------------------------- the map
  const control = (name) => document.getElementById(`map-${name}`);
  const CHUNK = 16, ALL_AT_ONCE = 120, KEYED = 30;
  let parts = [], counted = null, columns = [], order = [], measure = "speakers", sortedBy = null, observer = null, here = { row: 0, column: 0 };

  const valueOf = (row, { part, place }) => {
    const cell = row * part.targets.length + place;
    return { state: part.state[cell], value: part[measure][cell], contested: part.contested[cell] };
  };
  const showValue = ({ state, value, contested }) => {
    if (state !== 0) return MARKS[state];
    return (measure === "share" ? percent.format(value) : String(value)) + (contested ? " \u00b1" : "");
  };
  const recount = () => {
    measure = control("values").value === "links" ? "statements" : control("values").value;
    const group = control("group").value === "" ? null : Number(control("group").value);
    const chosen = control("kind").value;
    if (counted !== `${group}/${chosen}`) parts = (chosen === "" ? data.kinds.map((kind) => kind.id) : [chosen]).map((kind) => countCells(kind, group));
    counted = `${group}/${chosen}`;
    columns = [];
    parts.forEach((part, at) => {
      const kind = chosen === "" ? data.kinds[at].id : chosen;
      const places = control("order").value === "likeness" ? data.orders[kind].columns : part.targets.map((_, place) => place);
      for (const place of places) columns.push({ part, place, code: part.targets[place] });
    });
    if (sortedBy !== null && !columns.some((column) => column.code === sortedBy)) sortedBy = null;
    arrange();
  };
  const arrange = () => {
    const wanted = control("search").value.trim().toLocaleLowerCase(data.language);
    const how = control("order").value, chosen = control("kind").value || data.kinds[0]?.id;
    let rows = how === "likeness" && data.orders[chosen] ? [...data.orders[chosen].rows] : themes.map((_, place) => place);
    const total = (row) => {
      let sum = 0;
      for (const { part, place } of columns) { const cell = row * part.targets.length + place; if (part.state[cell] === 0) sum += part[measure][cell]; }
      return sum;
    };
    const descending = (figure) => { const keys = new Map(rows.map((row) => [row, figure(row)])); rows.sort((one, two) => keys.get(two) - keys.get(one) || one - two); };
    if (sortedBy !== null) {
      const column = columns.find(({ code }) => code === sortedBy);
      descending((row) => { const { state, value } = valueOf(row, column); return state === 0 ? value : -state; });
    } else if (how === "total") descending(total);
    else if (how === "label") rows.sort((one, two) => codes[themes[one]].label.localeCompare(codes[themes[two]].label, data.language));
    if (wanted) rows = rows.filter((row) => { const code = codes[themes[row]]; return `${code.id} ${code.label}`.toLocaleLowerCase(data.language).includes(wanted); });
    order = rows;
    draw();
  };
  const describe = (row, column, shown) => {
    const theme = codes[themes[row]].label, target = codes[column.code];
    const figure = shown.state === 0 ? `${showValue(shown).replace(" \u00b1", "")} ${words[measure]}${shown.contested ? `, ${words.contested}` : ""}` : words[STATES[shown.state]];
    return `${theme}, ${target.id} ${target.label}: ${figure}`;
  };
  const drawRows = (body, rows, start, most) => {
    body.replaceChildren(...rows.map((row, offset) => {
      const code = codes[themes[row]];
      const line = make("tr", { "aria-rowindex": start + offset + 2 }, make("th", { scope: "row", title: `${code.id}: ${code.label}`, dir: "auto", text: code.label }));
      columns.forEach((column, at) => {
        const shown = valueOf(row, column);
        const shade = shown.state === 0 ? `s${Math.max(1, Math.min(5, Math.ceil((5 * shown.value) / most)))}` : STATES[shown.state];
        line.append(make("td", {
          class: shade, text: showValue(shown), "aria-label": shown.state === 4 ? words.not_assessed : null,
          "data-row": start + offset, "data-column": at, tabindex: start + offset === here.row && at === here.column ? 0 : -1,
        }));
      });
      return line;
    }));
    body.removeAttribute("data-waiting");
  };
  const draw = () => {
    observer?.disconnect();
    here = { row: 0, column: 0 };
    let most = 0;
    for (const part of parts) for (const value of part[measure]) if (value > most) most = value;
    most = most || 1;
    const head = make("tr", { "aria-rowindex": 1 }, make("th", { scope: "col", text: words.theme }));
    for (const column of columns) {
      const code = codes[column.code], sorted = sortedBy === column.code;
      head.append(make("th", { scope: "col", "aria-sort": sorted ? "descending" : "none" }, make("button", {
        type: "button", title: `${code.id}: ${code.label}. ${words.sort}`, "aria-label": `${code.id} ${code.label}. ${words.sort}`, text: code.id + (sorted ? " \u25be" : ""), dir: "auto",
        on: { click: () => { sortedBy = sorted ? null : column.code; arrange(); map.querySelector(`thead th:nth-child(${columns.indexOf(columns.find(({ code: id }) => id === column.code)) + 2}) button`)?.focus(); } },
      })));
    }
    const table = make("table", { class: "map", role: "grid", "aria-rowcount": order.length + 1, "aria-colcount": columns.length + 1, "aria-label": words.map });
    table.append(make("thead", {}, head));
    const step = order.length <= ALL_AT_ONCE ? Math.max(order.length, 1) : CHUNK;
    observer = step === CHUNK ? new IntersectionObserver((seen) => { for (const { isIntersecting, target } of seen) if (isIntersecting) fillBody(target); }, { root: map, rootMargin: "200px" }) : null;
    const fillBody = (body) => {
      if (!body.hasAttribute("data-waiting")) return;
      const start = Number(body.getAttribute("data-start"));
      drawRows(body, order.slice(start, start + step), start, most);
    };
    for (let start = 0; start < order.length; start += step) {
      const body = make("tbody", { "data-start": start, "data-waiting": "" });
      table.append(body);
      if (start === 0 || observer === null) fillBody(body);
      else {
        const blank = make("tr", { "aria-hidden": "true" }, make("td", { colspan: columns.length + 1 }));
        blank.style.height = `${Math.min(step, order.length - start) * 1.95}rem`;
        body.append(blank);
        observer.observe(body);
      }
    }
    table.fill = fillBody;
    map.replaceChildren(table);
    const named = columns.length <= KEYED ? columns : [];
    document.getElementById("map-key").replaceChildren(...named.map(({ code }) => make("li", { dir: "auto" }, make("b", { text: codes[code].id }), ` ${codes[code].label}`)));
    document.getElementById("map-status").textContent = fill(words.status, { rows: order.length, columns: columns.length });
  };
  const cellAt = (row, column) => {
    const find = () => map.querySelector(`td[data-row="${row}"][data-column="${column}"]`);
    if (!find()) {
      const bodies = [...map.querySelectorAll("tbody[data-waiting]")].filter((body) => Number(body.getAttribute("data-start")) <= row);
      if (bodies.length) map.querySelector("table").fill(bodies.at(-1));
    }
    return find();
  };
  const moveTo = (row, column) => {
    const goal = cellAt(Math.max(0, Math.min(order.length - 1, row)), Math.max(0, Math.min(columns.length - 1, column)));
    if (!goal) return;
    map.querySelector('td[tabindex="0"]')?.setAttribute("tabindex", "-1");
    here = { row: Number(goal.dataset.row), column: Number(goal.dataset.column) };
    goal.setAttribute("tabindex", "0");
    const spot = columns[here.column];
    goal.setAttribute("aria-label", describe(order[here.row], spot, valueOf(order[here.row], spot)));
    goal.focus();
  };
  if (map) {
    map.addEventListener("click", (event) => {
      const cell = event.target.closest("td[data-row]");
      if (cell) { moveTo(Number(cell.dataset.row), Number(cell.dataset.column)); openHere(); }
    });
    map.addEventListener("keydown", (event) => {
      if (!event.target.matches("td[data-row]")) return;
      const row = Number(event.target.dataset.row), column = Number(event.target.dataset.column);
      const moves = { ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
        Home: event.ctrlKey ? [0, 0] : [row, 0], End: event.ctrlKey ? [order.length - 1, columns.length - 1] : [row, columns.length - 1],
        PageUp: [row - 10, column], PageDown: [row + 10, column] };
      if (moves[event.key]) { event.preventDefault(); moveTo(...moves[event.key]); }
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); here = { row, column }; openHere(); }
    });
    for (const name of ["kind", "values", "group", "order"]) control(name).addEventListener("change", () => { sortedBy = name === "order" ? null : sortedBy; recount(); });
    control("search").addEventListener("input", arrange);
  }
  const openHere = () => go(`cell/${encodeURIComponent(codes[themes[order[here.row]]].id)}/${encodeURIComponent(codes[columns[here.column].code].id)}`);

  // ---------------------------------------------------------------------------------------------------- evidence
  const BATCH = 50;
  const codingOf = (statement, code) => {
    for (let at = first[statement]; at < first[statement + 1]; at += 1) if (touches.code[at] === code) return at;
    return -1;
  };
  const polarity = (at) => words.polarity[touches.polarity[at]] ?? "";
  const saidBy = (statement, about) => {
    const speaker = speakers[statements.speaker[statement]], facts = [];
    const fact = (name, value) => { if (value) facts.push(make("div", {}, make("dt", { text: words[name] }), make("dd", { dir: "auto", text: value }))); };
    fact("speaker", speaker.label + (speaker.group_label && speaker.group_label !== speaker.label ? ` (${speaker.group_label})` : ""));
    fact("source", [data.sources[statements.source[statement]] ?? "", statements.locator[statement] ?? ""].filter(Boolean).join(", "));
    fact("kind", data.statement_kinds[statements.kind[statement]]);
    fact("voice", data.voices[statements.voice[statement]]);
    for (const code of about) {
      const at = codingOf(statement, code);
      if (at >= 0) fact("coding", [codes[code].label, polarity(at), data.bases[touches.basis[at]], data.coders[touches.coder[at]]].filter(Boolean).join(", "));
    }
    fact("id", statements.id[statement]);
    return make("article", { class: "said" }, make("p", { dir: "auto", text: statements.text[statement] }), make("dl", {}, ...facts));
  };
  const open = (title, intro, found, about) => {
    const list = make("div"), more = make("button", { type: "button", class: "open", text: words.more, on: { click: () => add() } });
    let shown = 0;
    const add = () => {
      list.append(...found.slice(shown, shown + BATCH).map((statement) => saidBy(statement, about)));
      shown = Math.min(shown + BATCH, found.length);
      more.hidden = shown >= found.length;
    };
    const close = make("button", { type: "button", class: "open close", text: words.close, on: { click: () => dialog.close() } });
    const link = make("a", { href: location.hash, text: words.link });
    dialog.replaceChildren(make("div", { class: "sheet" }, close, make("h2", { id: "sheet-title", dir: "auto", text: title }),
      ...intro.map((text) => make("p", { class: "note", dir: "auto", text })), make("p", { class: "note" }, link), list, more));
    add();
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
  };
  const openCell = (theme, target) => {
    const row = codeAt.get(theme), column = codeAt.get(target);
    if (row === undefined || column === undefined) return;
    const found = [];
    for (let statement = 0; statement < count; statement += 1) {
      if (control("group").value !== "" && speakers[statements.speaker[statement]].group !== Number(control("group").value)) continue;
      if (codingOf(statement, row) >= 0 && codingOf(statement, column) >= 0) found.push(statement);
    }
    const voices = new Set(found.map((statement) => statements.speaker[statement])).size;
    const chosen = control("group").value === "" ? [] : [control("group").selectedOptions[0].textContent];
    open(`${codes[row].label} \u00d7 ${codes[column].id} ${codes[column].label}`, [fill(words.found, { statements: found.length, speakers: voices }), ...chosen], found, [row, column]);
  };
  const openTrace = (table, subject) => {
    const trace = data.traces[`${table}/${subject}`];
    if (!trace) return;
    const found = trace.statements.map((id) => statementAt.get(id)).filter((place) => place !== undefined);
    open(codes[codeAt.get(subject)].label, [trace.sentence, ...trace.notes], found, [codeAt.get(subject)]);
  };
  const openStatement = (id) => {
    const statement = statementAt.get(id);
    if (statement === undefined) return;
    open(id, [], [statement], touches.code.slice(first[statement], first[statement + 1]));
  };

  // ------------------------------------------------------------------------------------------------------- links
  const go = (place) => { history.replaceState(null, "", `#${place}`); follow(); };
  const follow = () => {
    let words_ = [];
    try { words_ = location.hash.slice(1).split("/").map(decodeURIComponent); } catch { return; }
    const [what, one, two] = words_;
    if (what === "cell" && map) openCell(one, two);
    else if (what === "trace") openTrace(one, two);
    else if (what === "statement") openStatement(one);
    else {
      if (dialog.open) dialog.close();
      const goal = document.getElementById(words_.join("/"));
      if (goal) goal.closest("details")?.setAttribute("open", "");
      goal?.scrollIntoView();
    }
  };
  dialog.addEventListener("close", () => {
    if (/^#(cell|trace|statement)\//.test(location.hash)) history.replaceState(null, "", location.pathname + location.search);
    if (map && map.contains(document.activeElement) === false && document.activeElement === document.body) cellAt(here.row, here.column)?.focus();
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-trace]");
    if (button) go(`trace/${button.dataset.trace}`);
  });
  addEventListener("hashchange", follow);
  addEventListener("beforeprint", () => { for (const body of document.querySelectorAll("tbody[data-waiting]")) body.closest("table").fill(body); });
  document.documentElement.classList.add("works");
  for (const hidden of document.querySelectorAll("[data-script]")) hidden.hidden = false;
  if (map) recount();
  follow();
})();
