// Swaps in the parts of the page that the server says have changed. Without it the page is as it was when it was loaded.
"use strict";
(() => {
  const lost = document.getElementById("lost");
  const source = new EventSource("/events");
  source.onopen = () => { lost.hidden = true; };
  source.onerror = () => { lost.hidden = false; };
  source.onmessage = (event) => {
    for (const [id, html] of Object.entries(JSON.parse(event.data))) {
      const part = document.getElementById(id);
      // What somebody is in the middle of is left alone until the next change.
      if (part && !(part.contains(document.activeElement) && document.activeElement !== document.body)) {
        const scrolled = part.querySelector(".scroll")?.scrollLeft ?? 0;
        const open = part.querySelector("details")?.open ?? false;
        part.innerHTML = html;
        const region = part.querySelector(".scroll");
        if (region) region.scrollLeft = scrolled;
        const details = part.querySelector("details");
        if (details) details.open = open;
      }
    }
  };
})();
