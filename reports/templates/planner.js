// The scenario planner: sliders in, total spend and expected outcome out, from the curves in the page itself.
(function () {
  "use strict";
  const planner = document.getElementById("planner");
  const known = JSON.parse(document.getElementById("planner-curves").textContent);
  const sliders = Array.from(planner.querySelectorAll("input[type=range]"));
  const money = new Intl.NumberFormat(known.locale, {
    style: "currency", currency: known.currency, notation: "compact", maximumSignificantDigits: 3,
  });
  const count = new Intl.NumberFormat(known.locale, { notation: "compact", maximumSignificantDigits: 3 });
  const share = new Intl.NumberFormat(known.locale, { style: "percent", signDisplay: "exceptZero" });
  const minus = (text) => text.replace("-", "\u2212");
  const worth = (value) => minus((known.valued ? money : count).format(value));
  const signed = (value) => (value > 0 ? "+" : "") + worth(value);

  function valueAt(channel, multiple) {
    const x = channel.multiples, y = channel.values;
    if (multiple <= x[0]) return y[0];
    for (let i = 1; i < x.length; i += 1) {
      if (multiple <= x[i]) return y[i - 1] + ((multiple - x[i - 1]) / (x[i] - x[i - 1])) * (y[i] - y[i - 1]);
    }
    return y[y.length - 1];
  }

  function show() {
    let spend = 0, before = 0, outcome = 0, present = 0;
    sliders.forEach(function (slider, place) {
      const channel = known.channels[place], multiple = Number(slider.value);
      spend += multiple * channel.spend;
      before += channel.spend;
      outcome += valueAt(channel, multiple);
      present += valueAt(channel, 1);
      const text = money.format(multiple * channel.spend) + " (" + minus(share.format(multiple - 1)) + ")";
      const far = channel.observed !== null && multiple > channel.observed + 1e-9;
      slider.setAttribute("aria-valuetext", far ? text + ", " + planner.dataset.beyond : text);
      const output = slider.closest(".slide").querySelector("output");
      output.textContent = text;
      output.classList.toggle("beyond", far);
    });
    planner.querySelector("[data-of=spend]").textContent =
      money.format(spend) + " (" + minus(share.format(before > 0 ? spend / before - 1 : 0)) + ")";
    planner.querySelector("[data-of=outcome]").textContent = worth(outcome);
    const gain = planner.querySelector("[data-of=gain]");
    gain.textContent = signed(outcome - present);
    gain.className = "value " + (outcome < present ? "bad" : "good");
  }

  function put(multiple) {
    sliders.forEach(function (slider, place) { slider.value = multiple(known.channels[place]); });
    show();
  }

  sliders.forEach((slider) => slider.addEventListener("input", show));
  planner.querySelector("[data-put=present]").addEventListener("click", () => put(() => 1));
  planner.querySelector("[data-put=proposed]").addEventListener("click", () => put((channel) => channel.proposed));
  put((channel) => channel.proposed);
  planner.hidden = false;
})();
