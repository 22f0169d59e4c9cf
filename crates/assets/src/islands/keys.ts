// "/" goes to the search field, unless the key is being typed into something.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target as HTMLElement;
  if (target.closest("input, textarea, select, [contenteditable], dialog[open]")) return;
  const search = document.querySelector<HTMLInputElement>('.search [type="search"]');
  if (!search || search.offsetParent === null) return;
  event.preventDefault();
  search.focus();
});
