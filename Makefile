# `make help` lists what can be made. `make test` is what has to pass.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
export CARGO_TARGET_DIR ?= $(CURDIR)/target
# Debian's Chromium is used; Playwright is to download none.
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1
ifdef CI
  CARGO_FLAGS := --quiet
  export CARGO_TERM_COLOR ?= never
  export NO_COLOR ?= 1
endif

step = @printf '\n== %s  %s\n' "$$(date +%T)" "$(1)"

.PHONY: help test needs fmt fmt-check lint front unit docs e2e screenshots pictures services clean

help: ## This list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/make \1\t\2/' | column -t -s "$$(printf '\t')"

test: ## Everything that has to pass: format, lints, tests on SQLite, PostgreSQL and Redis, the documentation, the pages in a browser
	@rm -rf "$(CARGO_TARGET_DIR)/test-results"
	@$(MAKE) --no-print-directory needs
	@$(MAKE) --no-print-directory fmt-check
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory front
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory docs
	@$(MAKE) --no-print-directory e2e
	$(call step,all is well)
	@scripts/summary

needs: ## Install what the tests need, or say what it is
	$(call step,what the tests need)
	@scripts/provide

fmt: crates/assets/node_modules/.installed-lock.json e2e/node_modules/.installed-lock.json ## Format all sources
	cargo fmt --all
	npm --prefix crates/assets run --silent format
	npm --prefix e2e run --silent format

fmt-check:
	$(call step,format)
	@cargo fmt --all --check

lint: ## Clippy, warnings being errors
	$(call step,lints)
	@cargo clippy --workspace --all-targets --locked $(CARGO_FLAGS) -- -D warnings

front: crates/assets/node_modules/.installed-lock.json e2e/node_modules/.installed-lock.json ## Types and format of the front end and of the browser tests
	$(call step,front end)
	@npm --prefix crates/assets run --silent check
	@npm --prefix e2e run --silent check

unit: ## Tests in Rust, with private servers
	$(call step,tests in Rust)
	@scripts/with-services scripts/rust-tests --locked

docs: ## The commands, links and words of the documentation; ARGS=docs/admin/en/install.md picks a page
	$(call step,documentation)
	@cargo build --package vestnik --locked $(CARGO_FLAGS)
	@scripts/with-services scripts/check-docs $(ARGS)

e2e: e2e/node_modules/.installed-lock.json ## Tests in the browser, also through nginx; ARGS="-g recipients --project ru-phone" picks some
	$(call step,tests in the browser)
	@cargo build --package vestnik --locked $(CARGO_FLAGS)
	@cd e2e && ../scripts/with-services npx --no-install playwright test $(ARGS)

screenshots: e2e/node_modules/.installed-lock.json ## Pictures of the main pages, into OUT=folder
	@cargo build --package vestnik --locked $(CARGO_FLAGS)
	@cd e2e && VESTNIK_SCREENSHOTS="$(abspath $(or $(OUT),$(CARGO_TARGET_DIR)/screenshots))" npx --no-install playwright test --config screenshots.config.ts $(ARGS)

pictures: e2e/node_modules/.installed-lock.json ## Take the pictures of the user guide anew
	@cargo build --package vestnik --locked $(CARGO_FLAGS)
	@cd e2e && npx --no-install playwright test --config guide.config.ts $(ARGS)

services: ## PostgreSQL and Redis for tests run by hand, until Ctrl-C
	@scripts/with-services

clean: ## Remove all that was built
	cargo clean
	rm -rf "$(CARGO_TARGET_DIR)" crates/assets/node_modules e2e/node_modules

# The same stamp as in crates/assets/build.rs, which installs these packages as well when it comes first.
%/node_modules/.installed-lock.json: %/package-lock.json
	@cmp -s $< $@ || npm --prefix $* ci --ignore-scripts --no-audit --no-fund --silent
	@cp $< $@
