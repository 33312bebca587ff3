// The pages of plans: how far one is that is being solved is read again until it is done.

import "./forms.js";
import { t } from "./messages.js";
import { toast } from "./notices.js";
import { onChanged, refresh } from "./work.js";

const AGAIN_MS = 1_500;
const MOST_NAMED = 20;
let waiting = 0;

function follow() {
  clearTimeout(waiting);
  // The smallest part that tells of it: what is being typed in a form beside it stays.
  const part = document.querySelector("[data-solving]")?.closest("#rows, #list");
  if (part) waiting = setTimeout(() => void refresh(part.id), AGAIN_MS);
}

/** After an undo: whose former contacts have ended meanwhile. @param {Event} event */
function onSaved(event) {
  const ids = /** @type {CustomEvent} */ (event).detail?.not_restored ?? [];
  const named = ids.slice(0, MOST_NAMED).join("、") + (ids.length > MOST_NAMED ? "…" : "");
  if (ids.length > 0) toast(t("pairs.not_restored", { count: ids.length, households: named }), "wrong");
}

onChanged(follow);
document.addEventListener("gridmap:saved", onSaved);
follow();
