/* Which zone times are told in: the browser's, or the one chosen at the top of a page. The server
   reads the cookie; what was chosen stays in this browser. */
(() => {
  "use strict";
  const COOKIE = "cage_zone";
  const KEPT = "cage_zone_chosen";
  const OWN = "own";

  const own = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  const chosen = () => { try { return localStorage.getItem(KEPT) || ""; } catch { return ""; } };
  const keep = (name) => { try { localStorage.setItem(KEPT, name); } catch { /* Then it isn't. */ } };
  const cookie = () => (document.cookie.split("; ").find((one) => one.startsWith(`${COOKIE}=`)) || "").slice(COOKIE.length + 1);

  function tell(name) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${COOKIE}=${name}; Path=/admin/; SameSite=Strict; Max-Age=31536000${secure}`;
  }

  const wanted = chosen() || own();
  if (/^[A-Za-z0-9_+\-/]{1,64}$/.test(wanted) && cookie() !== wanted) tell(wanted);

  document.addEventListener("DOMContentLoaded", () => {
    const choice = document.getElementById("cage-zone");
    if (!choice) return;
    const mine = own();
    if (mine) {
      const name = document.createElement("option");
      name.value = OWN;
      name.textContent = `${mine} (browser)`;
      choice.append(name);
      if (!chosen() && choice.value === mine) name.selected = true;
    }
    choice.addEventListener("change", () => {
      const name = choice.value === OWN ? mine : choice.value;
      keep(choice.value === OWN ? "" : name);
      tell(name);
      location.reload();
    });
  });
})();
