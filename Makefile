# Every target sets up what it needs first; a second run costs a moment. `make help` lists them.

PY := .venv/bin/python
UV := .venv/bin/uv
# Releases younger than this are not taken: most bad uploads are found and withdrawn within days.
COOLDOWN := 7 days

.PHONY: help demo test chaos bench check coverage lock clean
.DEFAULT_GOAL := help

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 8

demo: ## Play a market day on this machine: broker, hub, three kiosks
	@firmware_scripts/dev_setup.sh mosquitto
	@$(PY) -m demo

test: ## Run every test
	@firmware_scripts/dev_setup.sh mosquitto postgresql strace tmux
	@$(PY) -m pytest $(PYTEST_ARGS)

# The kill tests that exist; they grow into one seeded storm of kills while selling.
chaos: ## Kill tills, broker, hub and kiosks while they sell, and compare the books
	@firmware_scripts/dev_setup.sh mosquitto postgresql strace tmux
	@$(PY) -m pytest tests/chaos tests/journal/test_kill.py tests/e2e/test_till_crash.py tests/e2e/test_demo.py \
		tests/hub/test_serve.py $(PYTEST_ARGS)

bench: ## Run every benchmark
	@firmware_scripts/dev_setup.sh mosquitto strace
	@$(PY) -m bench

check: ## Lint, types, import contracts, published contract, docs, lock
	@firmware_scripts/dev_setup.sh
	@.ci/check

coverage: ## Branch coverage of the contract and the cores: 100 % or fail; takes minutes, so not part of check
	@firmware_scripts/dev_setup.sh mosquitto postgresql strace tmux
	@.ci/coverage

lock: ## Pin every dependency again, with hashes
	@firmware_scripts/dev_setup.sh
	@UV="$(UV)" COOLDOWN="$(COOLDOWN)" .ci/lock

clean: ## Remove the virtual environment and every cache
	rm -rf .venv .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
