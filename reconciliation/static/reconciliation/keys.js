/* Lists by the keyboard: j and k (or the arrows) move from row to row, Enter opens, f searches in
   the list, ? shows the keys. The one search has "/". Nothing happens while somebody types, or with Ctrl, Alt or Cmd held. */
(() => {
  "use strict";
  const KEYS = [
    ["j or ↓", "the next row"],
    ["k or ↑", "the row before"],
    ["Enter", "open the row"],
    ["/", "search everything"],
    ["f", "search in this list"],
    ["?", "these keys"],
    ["Esc", "close this, or leave the row"],
  ];
  const TYPED = "input, textarea, select, [contenteditable]";
  const ROWS = "#result_list tbody tr.data-row, tr[data-row], .cage-rowlist > [data-row]";

  const rows = () => [...document.querySelectorAll(ROWS)].filter((row) => row.offsetParent !== null);
  const link = (row) => row.querySelector("th a[href], td a[href], a[href]");
  const current = () => document.activeElement && document.activeElement.closest && document.activeElement.closest(ROWS);

  function move(step) {
    const all = rows();
    if (!all.length) return false;
    const at = all.indexOf(current());
    const row = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)];
    row.tabIndex = -1;
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    return true;
  }

  function open() {
    const row = current();
    const target = row && document.activeElement === row && link(row);
    if (!target) return false;
    target.click();
    return true;
  }

  function search() {
    const box = document.getElementById("searchbar");
    if (!box) return false;
    box.focus();
    box.select();
    return true;
  }

  function help() {
    let box = document.getElementById("cage-keys");
    if (!box) {
      box = document.createElement("dialog");
      box.id = "cage-keys";
      box.className = "cage-keys";
      box.setAttribute("aria-labelledby", "cage-keys-title");
      const title = document.createElement("h2");
      title.id = "cage-keys-title";
      title.textContent = "Keys";
      const list = document.createElement("dl");
      for (const [key, what] of KEYS) {
        const name = document.createElement("dt");
        const shown = document.createElement("kbd");
        shown.textContent = key;
        name.append(shown);
        const means = document.createElement("dd");
        means.textContent = what;
        list.append(name, means);
      }
      box.append(title, list);
      document.body.append(box);
    }
    if (box.open) box.close(); else box.showModal();
    return true;
  }

  function leave() {
    const row = current();
    if (!row || document.activeElement !== row) return false;
    row.blur();
    return true;
  }

  const DOES = {
    j: () => move(1), ArrowDown: () => current() === document.activeElement && current() !== null && move(1),
    k: () => move(-1), ArrowUp: () => current() === document.activeElement && current() !== null && move(-1),
    Enter: open, f: search, "?": help, Escape: leave,
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented) return;
    if (event.target.closest && event.target.closest(TYPED)) return;
    const dialog = document.querySelector("dialog[open]");
    if (dialog && event.key !== "?") return;
    const act = DOES[event.key];
    if (act && act()) event.preventDefault();
  });

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("cage-keys-button");
    if (button) button.addEventListener("click", help);
  });
})();
