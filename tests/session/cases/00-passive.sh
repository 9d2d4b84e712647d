# SPDX-License-Identifier: Apache-2.0
# What is not served but lies there: what an attempt prints is the proof that it got through.

session_service passive ""
start_passive() { :; }
saw_passive() { echo 0; }
