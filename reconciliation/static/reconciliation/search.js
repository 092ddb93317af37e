// "/" leads into the search box, on every page, unless somebody is typing; Ctrl+K does always.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  const slash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
  const palette = event.key === "k" && (event.ctrlKey || event.metaKey);
  const box = document.getElementById("cage-search-box");
  if (!box || !(slash || palette)) return;
  event.preventDefault();
  box.focus();
  box.select();
});
