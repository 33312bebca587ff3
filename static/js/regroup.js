// The page of a proposal for the groups of a grid: a form that sends it back, and the parts that follow.

import "./forms.js";
import "./work.js";
