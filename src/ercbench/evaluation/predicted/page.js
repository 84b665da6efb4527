// One conversation at a time: its timeline, its utterances, and the recording they are parts of.
// A click or a key chooses an utterance; the recording follows, and leads while it plays.
(() => {
  "use strict";

  const find = (id) => document.getElementById(id);
  const { labels, conversations } = JSON.parse(find("data").textContent);
  const sections = [...document.querySelectorAll("section.conversation")];
  const legend = [...document.querySelectorAll("#legend .chip")].map((chip) => chip.textContent);
  const state = { conversation: 0, turn: -1, media: null, file: -1 };
  const NARROWEST = 24; // pixels of a usual block, in which a sign can be read

  const here = () => conversations[state.conversation];
  const items = (conversation) => [...sections[conversation].querySelectorAll(".turns > li")];
  const timed = (own) => own.start.every((time) => time !== null) && own.end.every((time) => time !== null);

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  const clock = (seconds) =>
    `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

  // Where blocks stand: by time where it is known, else one after the other

  function spans(own) {
    if (!timed(own)) return own.who.map((_, turn) => [turn, turn + 1]);
    return own.who.map((_, turn) => [own.start[turn], own.end[turn]]);
  }

  // Parts of a recording are shown from its beginning, clips cut elsewhere from the first of them.
  function extent(own) {
    const all = spans(own);
    const begin = own.whole.every(Boolean) ? Math.min(...all.map(([first]) => first)) : 0;
    return [begin, Math.max(...all.map(([, last]) => last), begin + 1e-3)];
  }

  const shifts = (own) =>
    own.said.map((label, turn) => {
      const before = own.who.lastIndexOf(own.who[turn], turn - 1);
      return turn > 0 && before >= 0 && own.said[before] !== label;
    });

  function drawTimeline() {
    const own = here();
    const all = spans(own);
    const [begin, end] = extent(own);
    const lengths = all.map(([first, last]) => last - first).sort((one, two) => one - two);
    const usual = Math.max(lengths[Math.floor(lengths.length / 4)], (end - begin) / 2000);
    find("timeline").style.minWidth = `${Math.min(30000, (NARROWEST * (end - begin)) / usual)}px`;
    const shifted = shifts(own);
    const lanes = own.speakers.map((name, speaker) => {
      const lane = make("div", { class: "lane" });
      for (const [turn, span] of all.entries()) {
        if (own.who[turn] === speaker) lane.append(block(own, turn, span, shifted[turn]));
      }
      return [make("span", { class: "who", title: name }, name), lane];
    });
    find("timeline").replaceChildren(...lanes.flat(), axis(own), make("div", { class: "head", hidden: "" }));
  }

  function block(own, turn, [first, last], shifted) {
    const [begin, end] = extent(own);
    const label = own.said[turn];
    const title = `${own.speakers[own.who[turn]]}: ${labels[label]}, ${own.told[turn]}`;
    const element = make(
      "button",
      { type: "button", tabindex: "-1", title, class: `block label-${label}${shifted ? " shift" : ""}` },
      legend[label],
    );
    element.style.left = `${(100 * (first - begin)) / (end - begin)}%`;
    element.style.width = `${(100 * (last - first)) / (end - begin)}%`;
    element.style.setProperty("--height", `${own.height[turn]}%`);
    element.dataset.turn = turn;
    element.addEventListener("click", () => choose(turn, { play: true }));
    return element;
  }

  function axis(own) {
    const [begin, end] = extent(own);
    const line = make("div", { class: "axis" });
    if (!timed(own)) {
      line.append("utterances in their order");
      return line;
    }
    const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800];
    const step = steps.find((seconds) => (end - begin) / seconds <= 12) ?? 3600;
    for (let time = Math.ceil(begin / step) * step; time < end; time += step) {
      const tick = make("span", {}, clock(time));
      tick.style.left = `${(100 * (time - begin)) / (end - begin)}%`;
      line.append(tick);
    }
    return line;
  }

  // The chosen utterance

  function choose(turn, { play = false, seek = true, focus = true } = {}) {
    const own = here();
    state.turn = Math.min(Math.max(turn, 0), own.who.length - 1);
    for (const element of document.querySelectorAll("[aria-current]")) element.removeAttribute("aria-current");
    document.querySelector(".all")?.remove();
    const item = items(state.conversation)[state.turn];
    item.setAttribute("aria-current", "true");
    item.append(probabilities(own, state.turn));
    const chosen = document.querySelector(`.block[data-turn="${state.turn}"]`);
    chosen.setAttribute("aria-current", "true");
    reveal(document.querySelector("#stage .scroll"), chosen);
    history.replaceState(null, "", `#${item.id}`);
    document.documentElement.style.setProperty("--stage", `${find("stage").offsetHeight + 8}px`);
    item.scrollIntoView({ block: "nearest" });
    if (focus) item.querySelector(".turn").focus({ preventScroll: true });
    if (seek) follow(play);
  }

  function reveal(box, element) {
    const [outer, inner] = [box.getBoundingClientRect(), element.getBoundingClientRect()];
    if (inner.left < outer.left + 90 || inner.right > outer.right) {
      box.scrollLeft += inner.left - outer.left - outer.width / 3;
    }
  }

  function probabilities(own, turn) {
    const order = own.percent[turn].map((_, label) => label).sort((one, two) => own.percent[turn][two] - own.percent[turn][one]);
    const rows = order.flatMap((label) => {
      const percent = own.percent[turn][label];
      const bar = make("dd", { class: `bar label-${label}`, "aria-hidden": "true" });
      bar.style.setProperty("--share", `${percent}%`);
      return [make("dt", {}, labels[label]), bar, make("dd", { class: "numbers" }, `${percent} %`)];
    });
    return make("dl", { class: "all", "aria-label": "Probability of each emotion" }, ...rows);
  }

  // The recording

  function open(file) {
    if (file === state.file) return;
    state.file = file;
    find("absent").hidden = true;
    const { link, kind, name } = here().files[file];
    state.media = make(kind === "audio" ? "audio" : "video", {
      controls: "",
      preload: "metadata",
      playsinline: "",
      "aria-label": name,
      src: link,
    });
    state.media.addEventListener("timeupdate", lead);
    state.media.addEventListener("error", () => {
      find("absent").textContent =
        `${name} cannot be played: it is not at ${decodeURI(link)} as seen from this page, or this browser does not know its kind. Put it there and open the page again.`;
      find("absent").hidden = false;
    });
    find("media").replaceChildren(state.media);
  }

  // Takes the recording to the chosen utterance; as soon as it knows how long it is.
  function follow(play) {
    const own = here();
    const [turn, file] = [state.turn, own.file[state.turn]];
    if (file < 0) return;
    open(file);
    const { media } = state;
    const start = own.whole[turn] ? 0 : own.start[turn] + 0.01;
    const seek = () => {
      media.currentTime = start;
    };
    if (media.readyState > 0) seek();
    else media.addEventListener("loadedmetadata", seek, { once: true });
    if (play) media.play().catch(() => {});
  }

  // While it plays, the recording says which utterance is current.
  function lead() {
    const own = here();
    const [time, turn] = [state.media.currentTime, state.turn];
    const head = document.querySelector(".head");
    if (!timed(own) || own.whole[Math.max(turn, 0)]) {
      head.hidden = true;
      return;
    }
    const lane = document.querySelector(".lane");
    const [, end] = extent(own);
    head.hidden = false;
    head.style.left = `${lane.offsetLeft + (lane.offsetWidth * Math.min(time, end)) / end}px`;
    if (state.media.paused || state.media.seeking) return;
    const inside = (index) => own.start[index] <= time && time < own.end[index];
    if (turn >= 0 && inside(turn)) return;
    const next = own.start.findIndex((_, index) => inside(index));
    if (next >= 0) choose(next, { seek: false, focus: false });
  }

  // Steps and events

  function toShift(by) {
    const found = shifts(here()).flatMap((shifted, turn) => (shifted ? [turn] : []));
    const next = by > 0 ? found.find((turn) => turn > state.turn) : found.findLast((turn) => turn < state.turn);
    if (next !== undefined) choose(next);
  }

  const KEYS = {
    ArrowDown: () => choose(state.turn + 1),
    ArrowUp: () => choose(state.turn - 1),
    ArrowRight: () => toShift(1),
    ArrowLeft: () => toShift(-1),
    p: () => {
      if (!state.media) return;
      if (state.media.paused) state.media.play().catch(() => {});
      else state.media.pause();
    },
  };

  function show(conversation) {
    state.media?.pause();
    Object.assign(state, { conversation, turn: -1, media: null, file: -1 });
    find("stage").hidden = false;
    find("absent").hidden = true;
    find("media").replaceChildren();
    for (const [index, section] of sections.entries()) section.hidden = index !== conversation;
    drawTimeline();
    if (find("conversation")) find("conversation").value = conversation;
    if (here().files.length > 0) open(Math.max(here().file[0], 0));
  }

  // The address names an utterance: #turn-1-12
  function read() {
    const [, conversation, turn] = location.hash.match(/^#turn-(\d+)-(\d+)$/) ?? [];
    if (conversation && sections[conversation - 1]) {
      if (conversation - 1 !== state.conversation) show(conversation - 1);
      choose(turn - 1);
    }
  }

  for (const section of sections) {
    section.querySelector(".turns").addEventListener("click", (event) => {
      const item = event.target.closest("li");
      if (!item || getSelection().toString()) return;
      event.preventDefault();
      choose(items(state.conversation).indexOf(item), { play: true });
    });
    section.querySelector(".shifts").addEventListener("click", (event) => {
      if (!event.target.matches("a")) return;
      event.preventDefault();
      choose(Number(event.target.hash.split("-")[2]) - 1, { play: true });
    });
  }
  // A table of choices, the player and a timeline that scrolls use these keys themselves.
  addEventListener("keydown", (event) => {
    const combined = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
    const used = event.target.matches?.("select, video, audio, .scroll, summary");
    if (combined || used || !Object.hasOwn(KEYS, event.key)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  if (find("conversation")) {
    find("choice").hidden = false;
    find("conversation").addEventListener("change", (event) => show(Number(event.target.value)));
  }
  addEventListener("hashchange", read);
  show(0);
  read();
})();
