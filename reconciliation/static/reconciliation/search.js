// "/" leads into the search box, on every page, unless somebody is typing.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const box = document.getElementById("cage-search-box");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
});
