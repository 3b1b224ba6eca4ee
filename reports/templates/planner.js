// The budget planner: sliders in; spend, outcome, return and odds out, from the curves and draws that come with the page.
//
//   planner(root, known, changed)      fills the element `root`; `changed` hears the multiples after each move
//
// `known` is what `reports.facts.planner.words` makes: words, units, and for each channel its curve. Nothing is asked of
// a server or a kernel. A plan's expected value is the sum of the channels' curves; its interval and its odds come from
// the same sum in each draw.
function planner(root, known, changed) {
  "use strict";
  const words = known.words, channels = known.channels;
  const multiples = channels.map((channel) => channel.proposed);
  const bounds = channels.map((channel) => [channel.lower, channel.upper]);
  const draws = known.draws ? unpacked(known.draws) : null;
  let locked = false;

  const three = { notation: "compact", minimumSignificantDigits: 3, maximumSignificantDigits: 3 };
  const money = new Intl.NumberFormat(known.locale, { style: "currency", currency: known.currency, ...three });
  const count = new Intl.NumberFormat(known.locale, three);
  const change = new Intl.NumberFormat(known.locale, { style: "percent", signDisplay: "exceptZero" });
  const share = new Intl.NumberFormat(known.locale, { style: "percent" });
  const ratio = new Intl.NumberFormat(known.locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const minus = (text) => text.replace("-", "\u2212");
  const worth = (value) => minus((known.valued ? money : count).format(value));
  const signed = (value) => (value > 0 ? "+" : "") + worth(value);
  const range = (ends, show) => words.range.replace("{low}", show(ends[0])).replace("{high}", show(ends[1]));
  const odds = (p) => p > 0.995 ? ">" + share.format(0.99) : p < 0.005 ? "<" + share.format(0.01) : share.format(p);

  function unpacked(packed) {
    const bytes = Uint8Array.from(atob(packed.levels), (letter) => letter.charCodeAt(0));
    return { ...packed, levels: new Uint16Array(bytes.buffer) };
  }

  function place(grid, multiple) {
    let i = 1;
    while (i < grid.length - 1 && multiple > grid[i]) i += 1;
    return [i, Math.min(Math.max((multiple - grid[i - 1]) / (grid[i] - grid[i - 1]), 0), 1)];
  }

  function valueAt(channel, multiple) {
    const [i, part] = place(channel.multiples, multiple), y = channel.values;
    return y[i - 1] + part * (y[i] - y[i - 1]);
  }

  // The outcome of a plan in every draw.
  function outcomes(plan) {
    const grid = draws.multiples, size = draws.count, sums = new Float64Array(size);
    channels.forEach(function (channel, c) {
      const [i, part] = place(grid, plan[c]), unit = draws.units[c];
      const low = (c * grid.length + i - 1) * size, high = low + size;
      for (let d = 0; d < size; d += 1) {
        sums[d] += unit * ((1 - part) * draws.levels[low + d] + part * draws.levels[high + d]);
      }
    });
    return sums;
  }

  function interval(values) {
    const sorted = Float64Array.from(values).sort();
    return known.level.map(function (level) {
      const at = level * (sorted.length - 1), i = Math.floor(at), next = Math.min(i + 1, sorted.length - 1);
      return sorted[i] + (at - i) * (sorted[next] - sorted[i]);
    });
  }

  const above = (values, others) => values.filter((value, d) => value > others[d]).length / values.length;
  const sum = (plan, of) => channels.reduce((total, channel, c) => total + of(channel, plan[c]), 0);
  const spendOf = (plan) => sum(plan, (channel, multiple) => channel.spend * multiple);
  const within = (value, [low, high]) => Math.min(Math.max(value, low), high);
  const same = (plan, other) => plan.every((multiple, c) => Math.abs(multiple - other[c]) < 1e-9);

  // Scales every channel but `fixed` by one factor, within the bounds, until the plan spends `total`.
  function rescale(total, fixed) {
    const at = (factor) => multiples.map((multiple, c) => c === fixed ? multiple : within(multiple * factor, bounds[c]));
    let low = 0, high = 64;
    for (let step = 0; step < 60; step += 1) {
      const middle = (low + high) / 2;
      if (spendOf(at(middle)) < total) low = middle; else high = middle;
    }
    at(high).forEach((multiple, c) => { multiples[c] = multiple; });
  }

  const present = channels.map(() => 1), proposed = channels.map((channel) => channel.proposed);
  const before = spendOf(present), expected = sum(present, valueAt);
  const drawn = draws ? { present: outcomes(present), proposed: outcomes(proposed) } : null;

  function element(tag, attributes, ...inside) {
    const made = document.createElement(tag);
    Object.entries(attributes).forEach(([name, value]) => { if (value !== null) made.setAttribute(name, value); });
    made.append(...inside);
    return made;
  }

  function card(name, label) {
    const parts = [["label", label], ["value", ""], ["note", ""]].map(([kind, text]) => element("div", { class: kind }, text));
    return element("div", { class: "card", "data-of": name }, ...parts);
  }

  function say(name, value, note, mood) {
    const shown = root.querySelector("[data-of=" + name + "]");
    shown.children[1].textContent = value;
    shown.children[1].className = "value " + (mood || "");
    shown.children[2].textContent = note;
  }

  function slide(label, low, high, moved) {
    const input = element("input", { type: "range", min: low, max: high, step: "any", "aria-label": label });
    const output = element("output", {});
    input.addEventListener("input", () => { moved(Number(input.value)); show(); });
    input.addEventListener("change", tell);
    return { input, output, row: element("div", { class: "slide" }, element("span", {}, label), output, input) };
  }

  const sliders = channels.map((channel, c) => slide(channel.name, bounds[c][0], bounds[c][1], function (multiple) {
    const total = spendOf(multiples);
    multiples[c] = multiple;
    if (locked) {
      rescale(total, c);
      const left = total - spendOf(multiples) + multiples[c] * channel.spend;
      multiples[c] = channel.spend > 0 ? within(left / channel.spend, bounds[c]) : multiple;
    }
  }));
  const whole = slide(words.total, 0, 1, (total) => rescale(total, -1));
  whole.row.classList.add("whole");

  function button(text, plan) {
    const made = element("button", { type: "button" }, text);
    made.addEventListener("click", function () {
      plan.forEach((multiple, c) => { multiples[c] = within(multiple, bounds[c]); });
      show();
      tell();
    });
    return made;
  }

  const lock = element("input", { type: "checkbox" });
  lock.addEventListener("change", () => { locked = lock.checked; });

  function limit(channel, c, end) {
    const label = channel.name + ", " + (end ? words.highest : words.lowest) + ", %";
    const far = channel.multiples[channel.multiples.length - 1];
    const input = element("input", {
      type: "number", min: 0, max: Math.round(100 * far), step: 5, value: Math.round(100 * bounds[c][end]), "aria-label": label,
    });
    input.addEventListener("change", function () {
      const asked = within(Number(input.value) / 100, end ? [bounds[c][0], far] : [0, bounds[c][1]]);
      bounds[c][end] = asked;
      input.value = Math.round(100 * asked);
      multiples[c] = within(multiples[c], bounds[c]);
      show();
      tell();
    });
    return element("td", {}, input);
  }

  const heads = [words.channel, words.lowest + ", %", words.highest + ", %"].map((text) => element("th", { scope: "col" }, text));
  const limits = channels.map((channel, c) =>
    element("tr", {}, element("th", { scope: "row" }, channel.name), limit(channel, c, 0), limit(channel, c, 1)));
  const cards = [["outcome", words.outcome], ["gain", words.gain], ["roi", words.roi]];
  if (draws) cards.push(["beats-present", words.beats_present], ["beats-proposed", words.beats_proposed]);
  root.append(
    element("div", { class: "choices" }, button(words.proposed, proposed), button(words.present, present),
      element("label", {}, lock, " " + words.keep)),
    whole.row,
    element("div", { class: "slides" }, ...sliders.map((slider) => slider.row)),
    element("details", {}, element("summary", {}, words.bounds),
      element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...limits))),
    element("div", { class: "cards", "aria-live": "polite" }, ...cards.map(([name, label]) => card(name, label))),
  );

  function put(slider, value, low, high, text, far) {
    Object.assign(slider.input, { min: low, max: high });
    slider.input.value = value;
    slider.output.textContent = text;
    slider.output.classList.toggle("beyond", far);
    slider.input.setAttribute("aria-valuetext", far ? text + ", " + words.beyond : text);
  }

  function show() {
    const spend = spendOf(multiples), outcome = sum(multiples, valueAt);
    sliders.forEach(function (slider, c) {
      const channel = channels[c], multiple = multiples[c];
      const text = money.format(multiple * channel.spend) + " (" + minus(change.format(multiple - 1)) + ")";
      const far = channel.observed !== null && multiple > channel.observed + 1e-9;
      put(slider, multiple, bounds[c][0], bounds[c][1], text, far);
    });
    const total = money.format(spend) + " (" + minus(change.format(before > 0 ? spend / before - 1 : 0)) + ")";
    put(whole, spend, spendOf(bounds.map((pair) => pair[0])), spendOf(bounds.map((pair) => pair[1])), total, false);
    const now = draws ? outcomes(multiples) : null;
    const gains = draws ? now.map((value, d) => value - drawn.present[d]) : null;
    const moved = !same(multiples, present);
    say("outcome", worth(outcome), draws ? range(interval(now), worth) : "");
    say("gain", moved ? signed(outcome - expected) : worth(0), draws && moved ? range(interval(gains), signed) : "",
      !moved ? "" : outcome < expected ? "bad" : "good");
    const back = spend > 0 ? range(interval(now || [outcome]).map((value) => value / spend), ratio.format) : "";
    say("roi", spend > 0 ? ratio.format(outcome / spend) : "\u2013", draws ? back : "");
    if (draws) {
      say("beats-present", moved ? odds(above(now, drawn.present)) : "\u2013", moved ? "" : words.itself);
      const other = !same(multiples, proposed);
      say("beats-proposed", other ? odds(above(now, drawn.proposed)) : "\u2013", other ? "" : words.itself);
    }
  }

  function tell() {
    if (changed) changed(multiples.slice());
  }

  show();
  root.hidden = false;
}
