// The pages of plans: how far one is that is being solved is read again until it is done.

import "./forms.js";
import { onChanged, refresh } from "./work.js";

const AGAIN_MS = 1_500;
let waiting = 0;

function follow() {
  clearTimeout(waiting);
  // The smallest part that tells of it: what is being typed in a form beside it stays.
  const part = document.querySelector("[data-solving]")?.closest("#rows, #list");
  if (part) waiting = setTimeout(() => void refresh(part.id), AGAIN_MS);
}

onChanged(follow);
follow();
