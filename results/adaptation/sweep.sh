#!/usr/bin/env bash
# Whether the default, not adapted, is worse than the direct classifier alone on any kind of damage: results/adaptation/sweep.sh MODEL DATA
# Prints what 42 manipulations of DATA come to, and the data as it is: one line of JSON a classifier. CAMA names the program.
set -euo pipefail
"${CAMA:-target/release/cama}" evaluate -q --model "$1" --data "$2" --json --seed 1 --manipulate shift:0.1 shift:0.3 rotate:20 rotate:60 \
    scale:1.3 scale:1.8 shear:0.6 contrast:0.2:0.5 contrast:0.5:0.9 brightness:0.2 brightness:0.5 noise:0.1 noise:0.4 impulse:0.05 \
    impulse:0.3 blur:1 blur:3 invert-part:0.3 invert-part:0.7 invert bars:1 bars:3 scribble:1 scribble:3 ramp:0.3 ramp:0.7 occlude:0.2 \
    occlude:0.5 fog:0.3 fog:0.5 fog:0.9 stripes:2 lines:3 lines:10 spots:3 spots:10 shadow:0.4 shadow:0.9 pixelate:2 pixelate:4 jpeg:10 jpeg:40
