# Two commands matter: `make run` and `make test`. `make help` lists the others.
# PYTHON=/path/to/python3.12 chooses the Python that .venv is made with.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
python := .venv/bin/python
sources := app.py core pages tests data/migrations

# The program's own folder comes first, whatever the shell was set up for.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP

.PHONY: help
help: ## List the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r name what; do \
		printf '%-18s %s\n' "$$name" "$$what"; done

.PHONY: run
run: environment ## Install what is needed and serve Utama on http://localhost:8501 (UTAMA_PORT)
	@trap : INT TERM; $(python) -m core serve; status=$$?; \
		case $$status in 130|143) exit 0;; *) exit $$status;; esac

.PHONY: test
test: lint types ## Run every check: lint, types, layers, translations and all tests
	@$(python) -m pytest --numprocesses auto --maxprocesses 8 --dist worksteal

.PHONY: lint
lint: tools ## Check style and the layers between the modules
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .
	@$(python) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()' --no-logo

.PHONY: types
types: tools ## Check types
	@$(python) -m mypy

.PHONY: format
format: tools ## Write the code the way ruff formats it
	@$(python) -m ruff check --fix .
	@$(python) -m ruff format .

.PHONY: catalogues
catalogues: tools ## Bring the translation catalogues up to date with the sources
	@$(python) -m tests.catalogues

.PHONY: glossary
glossary: tools ## Write the KPIs of the registry into docs/glossary.md
	@$(python) -m tests.glossary

.PHONY: lock
lock: tools ## Compile the locks from requirements.in and requirements-dev.in (UPGRADE=1 takes newer versions)
	@for name in requirements requirements-dev; do \
		$(python) -m uv pip compile --no-config --quiet --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
			$(if $(UPGRADE),--upgrade) $$name.in --output-file $$name.txt || exit 1; done

.PHONY: bench
bench: tools ## Measure pages, imports, browser and many people at once (SIZE=10m: 10 million lines)
	@SIZE=$(or $(SIZE),1m) $(python) -m tests.bench

.PHONY: environment
environment:
	@sh .ci/environment requirements.txt

.PHONY: tools
tools:
	@sh .ci/environment requirements-dev.txt
