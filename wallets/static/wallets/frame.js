/* On every page. The content security policy takes no style that is written into a page: htmx adds
   none, and a bar's pieces get their share here. Nor does htmx need eval for what unfold asks. */

htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;

document.addEventListener("DOMContentLoaded", () => {
  for (const piece of document.querySelectorAll("[data-grow]")) {
    piece.style.flexGrow = piece.dataset.grow;
  }
});
