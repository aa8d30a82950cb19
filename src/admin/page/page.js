// Swaps in the parts of the page that the server says have changed. Without it the page is as it was when it was loaded.
"use strict";
(() => {
  // What stands there is old then, and is shown so.
  const isLost = (lost) => {
    document.getElementById("lost").hidden = !lost;
    document.body.classList.toggle("old", lost);
  };

  // Scrolling, focus and what was unfolded stay as they were.
  const swap = (part, html) => {
    const scrolled = [...part.querySelectorAll(".scroll")].map((it) => [it.scrollLeft, it.scrollTop]);
    const open = [...part.querySelectorAll("details")].map((it) => it.open);
    const focusable = () => [...part.querySelectorAll("a, summary, [tabindex]")];
    const focused = focusable().indexOf(document.activeElement);
    part.innerHTML = html;
    part.querySelectorAll(".scroll").forEach((it, at) => { [it.scrollLeft, it.scrollTop] = scrolled[at] ?? [0, 0]; });
    part.querySelectorAll("details").forEach((it, at) => { it.open = open[at] ?? it.open; });
    if (focused >= 0) focusable()[focused]?.focus({ preventScroll: true });
  };

  // A browser does not try again by itself after an answer that is no stream: the mirror may be starting, or be full.
  const follow = () => {
    const source = new EventSource("/events");
    source.onopen = () => isLost(false);
    source.onerror = () => {
      isLost(true);
      if (source.readyState === EventSource.CLOSED) setTimeout(follow, 5000);
    };
    source.onmessage = (event) => {
      for (const [id, html] of Object.entries(JSON.parse(event.data))) {
        const part = document.getElementById(id);
        if (part) swap(part, html);
      }
    };
  };
  follow();
})();
