# SPDX-License-Identifier: Apache-2.0
# The front door. `make` builds into build/; targets that need more than a compiler install it first
# (scripts/setup says what, and does nothing when all is there). `make help` lists the targets.
PREFIX ?= /usr/local
DESTDIR ?=
BUILD := build

all: ## build into build/
	@scripts/build $(BUILD)
demo: ## install what is missing, build, show an agent that works and misbehaves, contained
	@scripts/setup demo && scripts/build $(BUILD) && demo/run
demo-openclaw: ## the same with the real OpenClaw (needs npm; downloads about 250 MB once)
	@scripts/setup openclaw && scripts/build $(BUILD) && tests/openclaw/run --verbose
check: ## install what is missing, build, every test (at most 15 minutes; CORDON_CHECK_SLOW=3 for slow machines)
	@scripts/setup check && scripts/check
check-long: ## what takes longer: soak, fuzzing, valgrind, other kernels
	@scripts/setup check long deb && scripts/check-long
escape: ## the escape harness alone
	@scripts/setup check && scripts/in-reach sh -c 'scripts/build && tests/escape/run'
compare: ## the escape tests against other sandboxes (needs npm; about an hour; writes docs/comparison.md)
	@scripts/setup check peers && scripts/in-reach sh -c 'scripts/build && tests/escape/compare'
fuzz: ## every fuzz target for a minute
	@scripts/setup check && scripts/fuzz --seconds 60
bench: ## what containment costs on this machine
	@scripts/setup bench && scripts/build $(BUILD) && tests/bench/run && tests/bench/net/run
bench-containers: ## the same of containers that stand, are kept ready, and of the daemon (some minutes; wants a quiet machine)
	@scripts/setup build && scripts/build $(BUILD) && tests/bench/daemon/run --write
setup: ## install what building and testing need
	@scripts/setup check
install: ## to DESTDIR and PREFIX (/usr/local)
	@scripts/build --prefix '$(PREFIX)' $(BUILD) && scripts/install $(BUILD) '$(DESTDIR)'
uninstall: ## the reverse
	@scripts/build --prefix '$(PREFIX)' $(BUILD) && scripts/uninstall $(BUILD) '$(DESTDIR)'
deb: ## Debian packages, into dist/
	@scripts/setup deb && scripts/make-deb
clean: ## forget the build
	rm -rf $(BUILD) dist
help: ## this list
	@sed -n 's/^\([a-z-]*\): ## \(.*\)/\1 \2/p' Makefile | while read -r name what; do printf '%-14s %s\n' "$$name" "$$what"; done

.PHONY: all demo demo-openclaw check check-long escape compare fuzz bench bench-containers setup install uninstall deb clean help
