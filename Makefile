# Every target sets up what it needs first; a second run costs a moment. `make help` lists them.

PY := .venv/bin/python
UV := .venv/bin/uv
# Releases younger than this are not taken: most bad uploads are found and withdrawn within days.
COOLDOWN := 7 days

.PHONY: help demo test chaos bench check coverage lock texts clean
.DEFAULT_GOAL := help

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 8

demo: ## Play a market day on this machine: broker, hub, three kiosks
	@firmware_scripts/dev_setup.sh mosquitto
	@$(PY) -m demo

test: ## Run every test
	@firmware_scripts/dev_setup.sh mosquitto postgresql strace tmux
	@$(PY) -m pytest $(PYTEST_ARGS)

chaos: ## Kill, cut, fill and attack everything at random while it sells; RESULT says what was lost and doubled
	@firmware_scripts/dev_setup.sh mosquitto strace
	@PYTHONPATH=tests/support $(PY) tests/chaos/proof.py

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

texts: ## Collect what the till says into its translations; what is empty there waits for a translator
	@firmware_scripts/dev_setup.sh
	@$(PY) .ci/texts.py

clean: ## Remove the virtual environment and every cache
	rm -rf .venv .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
