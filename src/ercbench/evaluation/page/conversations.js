// One conversation at a time: what was said, the true emotion, what each model took it for.
// All state but the choice of models is in the address: #/report/dialogue/utterance?show=filter
(() => {
  "use strict";

  const find = (id) => document.getElementById(id);
  const reports = JSON.parse(find("data").textContent);
  for (const report of reports) prepare(report);
  let state = { report: reports[0], row: 0, show: "all" };

  // Adds what is looked up often: the dialogue of each utterance, and each dialogue's first one.
  function prepare(report) {
    report.dialogueOf = report.dialogues.flatMap(([, size], index) => Array(size).fill(index));
    report.first = report.dialogues.map((_, dialogue) => report.dialogueOf.indexOf(dialogue));
    for (const model of report.models) model.shown = model.final;
  }

  const shown = (report) => report.models.filter((model) => model.shown);
  const labelled = (report, row) => report.truth[row] >= 0;
  const right = (report, row, model) => model.said[row] === report.truth[row];

  const FILTERS = {
    all: ["every utterance", () => true],
    wrong: [
      "where every model is wrong",
      (report, row) =>
        labelled(report, row) &&
        shown(report).length > 0 &&
        !shown(report).some((model) => right(report, row, model)),
    ],
    disagree: [
      "where models disagree",
      (report, row) => new Set(shown(report).map((model) => model.said[row])).size > 1,
    ],
    shift: [
      "where a speaker's emotion shifts",
      ({ before, truth }, row) =>
        truth[row] >= 0 && before[row] >= 0 && before[row] !== truth[row],
    ],
  };

  function matches(report, row, show) {
    if (Object.hasOwn(FILTERS, show)) return FILTERS[show][1](report, row);
    return report.labels[report.truth[row]] === show.slice("true:".length);
  }

  const matching = ({ report, show }) =>
    [...report.utterances.keys()].filter((row) => matches(report, row, show));

  // The address

  function addressOf({ report, row, show }) {
    const [dialogue] = report.dialogues[report.dialogueOf[row]];
    const parts = [report.name, dialogue, report.utterances[row]];
    const query = show === "all" ? "" : `?show=${encodeURIComponent(show)}`;
    return `#/${parts.map(encodeURIComponent).join("/")}${query}`;
  }

  function readAddress() {
    const [path, query] = location.hash.slice(2).split("?show=");
    const [name, id, utterance] = path.split("/").map(decoded);
    const report = reports.find((own) => own.name === name) ?? reports[0];
    const show = known(report, decoded(query ?? "all"));
    const dialogue = report.dialogues.findIndex(([own]) => own === id);
    const row = report.utterances.findIndex(
      (own, index) => report.dialogueOf[index] === dialogue && own === utterance,
    );
    if (row >= 0) return { report, show, row };
    const first = report.first[Math.max(dialogue, 0)];
    return { report, show, row: nearest({ report, show, row: first }) };
  }

  // The utterance itself if the filter lets it through, else the next one that it does.
  function nearest({ report, show, row }) {
    const rows = matching({ report, show });
    return rows.find((own) => own >= row) ?? rows.at(-1) ?? row;
  }

  function decoded(part) {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  }

  function known(report, show) {
    const label = show.slice("true:".length);
    return Object.hasOwn(FILTERS, show) || report.labels.includes(label) ? show : "all";
  }

  // Drawn at once: a key pressed again must start from where this one led.
  function go(change) {
    const address = addressOf({ ...state, ...change });
    if (address !== location.hash) history.pushState(null, "", address);
    follow();
  }

  // Steps

  function toUtterance(by) {
    const rows = matching(state).filter((row) => (row - state.row) * by > 0);
    if (rows.length > 0) go({ row: by > 0 ? rows[0] : rows.at(-1) });
  }

  function toDialogue(by) {
    const { report } = state;
    const here = report.dialogueOf[state.row];
    const rows = matching(state).filter((row) => (report.dialogueOf[row] - here) * by > 0);
    if (rows.length === 0) return;
    const there = report.dialogueOf[by > 0 ? rows[0] : rows.at(-1)];
    go({ row: rows.find((row) => report.dialogueOf[row] === there) });
  }

  const KEYS = {
    ArrowDown: () => toUtterance(1),
    ArrowUp: () => toUtterance(-1),
    ArrowRight: () => toDialogue(1),
    ArrowLeft: () => toDialogue(-1),
  };

  // An open list of choices, and a table that scrolls and was reached by the Tab key.
  const USES_ARROWS = CSS.supports("selector(:open)") ? ".scroll, select:open" : ".scroll";

  // Drawing; text is only ever set as text

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  function draw() {
    for (const section of document.querySelectorAll("[data-report]")) {
      section.hidden = section.dataset.report !== state.report.name;
    }
    for (const link of document.querySelectorAll("[data-link]")) {
      if (link.dataset.link === state.report.name) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    drawFilter();
    drawModels();
    drawConversation();
  }

  function drawFilter() {
    const filters = Object.entries(FILTERS).map(([value, [title]]) => [value, title]);
    const classes = state.report.labels.map((own) => [`true:${own}`, `true emotion: ${own}`]);
    const option = ([value, title]) => make("option", { value }, title);
    find("filter").replaceChildren(...[...filters, ...classes].map(option));
    find("filter").value = state.show;
  }

  function drawModels() {
    const choices = state.report.models.map((model, index) => {
      const box = make("input", { type: "checkbox", value: index });
      box.checked = model.shown;
      return make("label", {}, box, ` ${model.name}`);
    });
    find("models").replaceChildren(find("models").firstElementChild, ...choices);
  }

  function drawConversation() {
    const { report, row } = state;
    drawDialogues(matching(state));
    const here = report.dialogueOf[row];
    const rows = [...report.utterances.keys()].filter((own) => report.dialogueOf[own] === here);
    find("utterances").replaceChildren(...rows.map((own, index) => utterance(own, index + 1)));
  }

  // Lists the dialogues in which the filter lets anything through, and says how many there are.
  function drawDialogues(rows) {
    const { report, row, show } = state;
    const counts = new Map();
    for (const dialogue of rows.map((own) => report.dialogueOf[own])) {
      counts.set(dialogue, (counts.get(dialogue) ?? 0) + 1);
    }
    const options = [...counts].map(([value, count]) => {
      const [id, size] = report.dialogues[value];
      return make("option", { value }, `${id} (${show === "all" ? size : `${count} of ${size}`})`);
    });
    find("dialogue").replaceChildren(...options);
    find("dialogue").value = report.dialogueOf[row];
    const [found, all] = [rows.length, report.utterances.length].map((n) => n.toLocaleString("en"));
    find("status").textContent =
      `${found} of ${all} utterances, in ${counts.size} of ${report.dialogues.length} dialogues.` +
      (report.texts.length === 0 ? " The records hold no text of what was said." : "");
  }

  function utterance(row, turn) {
    const { report, show } = state;
    const match = matches(report, row, show);
    const current = row === state.row;
    const href = addressOf({ ...state, row });
    const link = { href, class: "turn", "aria-label": `utterance ${turn}` };
    const speaker = make("b", {}, report.speakers[report.who[row]]);
    const item = make(
      "li",
      { class: match ? "match" : "context" },
      make("a", link, String(turn)),
      make("p", { class: "speech" }, speaker, " ", report.texts[row] ?? ""),
      marks(row),
    );
    if (match || current) item.append(answers(row));
    if (current) item.append(probabilities(row));
    if (current) item.setAttribute("aria-current", "true");
    return item;
  }

  function marks(row) {
    const { report } = state;
    const { labels, truth, before, scores } = report;
    const exactly = scores ? ` (${scores[row]})` : "";
    const truly = labelled(report, row) ? `true: ${labels[truth[row]]}${exactly}` : "no label";
    const found = [
      ["shift", `↷ shift from ${labels[before[row]]}`],
      ["wrong", "✗ all wrong"],
      ["disagree", "≠ models disagree"],
    ].filter(([filter]) => matches(report, row, filter));
    const spans = found.map(([, text]) => make("span", { class: "mark" }, text));
    return make("p", { class: "marks" }, make("b", {}, truly), ...spans);
  }

  const answers = (row) =>
    make("ul", { class: "answers" }, ...shown(state.report).map((model) => answer(model, row)));

  function answer(model, row) {
    const { report } = state;
    const said = model.said[row];
    const share = model.labelsOnly ? 100 : model.p[row * report.labels.length + said];
    const agreed = `${model.agree[row]} of ${model.seeds} seeds`;
    const [kind, mark] = right(report, row, model) ? ["right", "✓ "] : ["wrong", "✗ "];
    const known = labelled(report, row);
    const item = make(
      "li",
      { class: known ? kind : "open" },
      make("span", { class: "model" }, model.name),
      make("b", {}, `${known ? mark : ""}${report.labels[said]}${model.scores ? ` (${model.scores[row]})` : ""}`),
      make("span", { class: "numbers" }, model.labelsOnly ? agreed : `${share} %, ${agreed}`),
    );
    item.style.setProperty("--share", `${share}%`);
    return item;
  }

  function probabilities(row) {
    const { labels, truth } = state.report;
    const heads = labels.map((label, index) =>
      make("th", { scope: "col" }, index === truth[row] ? `${label} (true)` : label),
    );
    const models = shown(state.report).filter((model) => !model.labelsOnly);
    if (!models.length) return "";
    const rows = models.map((model) => {
      const own = model.p.slice(row * labels.length, (row + 1) * labels.length);
      const cells = own.map((share, index) =>
        make("td", index === model.said[row] ? { class: "said" } : {}, String(share)),
      );
      return make("tr", {}, make("th", { scope: "row" }, model.name), ...cells);
    });
    const head = make("thead", {}, make("tr", {}, make("td"), ...heads));
    const title = "Probability of each emotion in per cent, mean over seeds";
    const table = make("table", { "aria-label": title }, head, make("tbody", {}, ...rows));
    const region = { class: "scroll", tabindex: "0", role: "region", "aria-label": title };
    return make("div", {}, make("p", { class: "caption" }, title), make("div", region, table));
  }

  // Events

  function follow() {
    if (location.hash !== "" && !location.hash.startsWith("#/")) return;
    state = readAddress();
    draw();
    const inControls = find("controls").contains(document.activeElement);
    const current = document.querySelector("#utterances [aria-current] .turn");
    if (location.hash.split("/").length > 2 && current && !inControls) {
      current.focus({ preventScroll: true });
      current.parentElement.scrollIntoView({ block: "nearest" });
    }
  }

  find("filter").addEventListener("change", (event) => {
    const show = event.target.value;
    go({ show, row: nearest({ ...state, show }) });
  });
  find("dialogue").addEventListener("change", (event) => {
    const there = Number(event.target.value);
    go({ row: matching(state).find((row) => state.report.dialogueOf[row] === there) });
  });
  find("models").addEventListener("change", (event) => {
    state.report.models[event.target.value].shown = event.target.checked;
    drawConversation();
  });
  find("previous").addEventListener("click", () => toDialogue(-1));
  find("next").addEventListener("click", () => toDialogue(1));
  // The viewer takes the focus of what was clicked, so that it hears the keys.
  find("viewer").addEventListener("click", () => {
    if (document.activeElement.matches(".scroll")) find("viewer").focus({ preventScroll: true });
  });
  find("viewer").addEventListener("keydown", (event) => {
    const combined = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
    if (combined || event.target.matches(USES_ARROWS) || !Object.hasOwn(KEYS, event.key)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  addEventListener("hashchange", follow);
  find("viewer").hidden = false;
  follow();
})();
