# Galena. `make help` says what each target does.

.DEFAULT_GOAL := help
.PHONY: help demo run test bench fmt lists

help: ## Say what each target does
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | while IFS="$$(printf '\t')" read -r name what; do printf '  make %-7s %s\n' "$$name" "$$what"; done

demo: ## Build Galena and show it on a sample file (about a minute after the build; ARGS="--file YOURS.csv" for your own)
	@scripts/toolchain.sh
	cargo build --locked
	cargo run --locked --quiet -- demo $(ARGS)

run: ## Build Galena and serve it on http://127.0.0.1:8080 with its data in ./data
	@scripts/toolchain.sh
	cargo run --locked -- serve --data-dir data --listen 127.0.0.1:8080 $(ARGS)

test: ## Prove everything: format, clippy, all tests, a short chaos run, the demo
	@scripts/test.sh

bench: ## Measure the hot paths, and the same rows through PostgreSQL and SQLite (release build; takes long)
	@scripts/toolchain.sh
	@scripts/bench.sh

fmt: ## Format the source
	@scripts/toolchain.sh
	cargo fmt

lists: ## Fetch the disposable, free-mail and role lists again and rebuild lists/
	@scripts/toolchain.sh
	python3 scripts/lists.py
