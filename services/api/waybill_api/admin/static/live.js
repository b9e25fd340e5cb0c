// Keeping a page fresh while somebody looks at it.
/** Call `refresh` every so many seconds, one call at a time, not while the page is hidden; return what stops it. */
export function every(seconds, refresh) {
  let timer = 0;
  let isStopped = false;
  const turn = async () => {
    if (!document.hidden) await refresh();
    if (!isStopped) timer = setTimeout(turn, seconds * 1000);
  };
  timer = setTimeout(turn, seconds * 1000);
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}
