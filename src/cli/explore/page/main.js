// Starts the page: each view in a file of its name.

import { startDifferences } from "./differences.js";
import { startMatrix } from "./matrix.js";
import { startStatus } from "./status.js";
import { startTabs } from "./tabs.js";
import { startVerdict } from "./verdict.js";

startTabs();
startMatrix();
startVerdict();
startDifferences();
startStatus();
